#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace brahe::guests {

// How the host knows a zone's energy, for the guest to say so.
struct HostMeter {
  std::string source;     // "rapl", ...
  bool measured = false;  // and not estimated

  bool operator==(const HostMeter&) const = default;
};

// Where in a guest's tree a zone of the host is.
struct GuestZone {
  std::string folder;    // "intel-rapl:0:2"
  std::string name;      // that a reader of powercap finds there: "dram"
  HostMeter meter = {};  // to be filled in
};

// The places of the host's zones, in their order. Those that RAPL has are where powercap has them, whichever others
// there are; others follow at the top, in the order of the list. All sockets are one, since a guest's are not the
// host's.
std::vector<GuestZone> GuestZonesOf(const std::vector<std::string_view>& names);

// A name that is one folder's and shows nothing that drives a terminal: of `text`, letters and digits of ASCII and
// "._+@-" stay, all else and a '.' at the beginning become '_', and it is cut at 96 characters. Not empty for a text
// that is not.
std::string FolderName(std::string_view text);

}  // namespace brahe::guests
