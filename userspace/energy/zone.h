#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace brahe::energy {

// One place whose energy is counted.
struct Zone {
  std::string name;  // "package", "core", "uncore", "dram", "psys", "platform" or what the sensor calls itself
  std::string path;  // where it was found, e.g. "/sys/class/powercap/intel-rapl:0"; stable
  std::optional<uint32_t> socket;  // physical package that it measures; nullopt: the whole machine

  bool operator==(const Zone&) const = default;
};

// The zone in words, for a line of the log: "rapl: zone package of socket 0 (PATH)". `source`: its meter's name.
std::string Describe(const std::string& source, const Zone& zone);

}  // namespace brahe::energy
