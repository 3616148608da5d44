#include "userspace/guests/guest_zones.h"

#include <algorithm>
#include <array>

namespace brahe::guests {
namespace {

constexpr size_t kLongestName = 96;

struct KnownPlace {
  std::string_view zone, folder, name;
};

constexpr std::array<KnownPlace, 5> kKnown = {{
    {"package", "intel-rapl:0", "package-0"},
    {"core", "intel-rapl:0:0", "core"},
    {"uncore", "intel-rapl:0:1", "uncore"},
    {"dram", "intel-rapl:0:2", "dram"},
    {"psys", "intel-rapl:1", "psys"},
}};
constexpr size_t kFirstFree = 2;

bool Stays(char c) {
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_letter || (c >= '0' && c <= '9') || std::string_view("._+@-").find(c) != std::string_view::npos;
}

}  // namespace

std::vector<GuestZone> GuestZonesOf(const std::vector<std::string_view>& names) {
  std::vector<GuestZone> zones;
  size_t next = kFirstFree;
  for (const std::string_view name : names) {
    const auto known = std::find_if(kKnown.begin(), kKnown.end(), [&](const KnownPlace& k) { return k.zone == name; });
    if (known != kKnown.end()) {
      zones.push_back({.folder = std::string(known->folder), .name = std::string(known->name)});
    } else {
      zones.push_back({.folder = "intel-rapl:" + std::to_string(next++), .name = FolderName(name)});
    }
  }
  return zones;
}

std::string FolderName(std::string_view text) {
  std::string name(text.substr(0, kLongestName));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !Stays(c); }, '_');
  if (name.starts_with('.')) name.front() = '_';
  return name;
}

}  // namespace brahe::guests
