#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/units.h"

namespace brahe::instruments {

// The power that one source on the platform tells of.
struct PlatformPower {
  std::string chassis_id;
  std::string source_id;
  std::string source_name;
  std::string source_type;
  Microwatts power;
};

// What is known of the platform's power, and how well whoever measures it tells of it.
struct PlatformFigures {
  std::string source = {};     // "redfish"
  std::string node_name = {};  // as it has there
  std::string bmc_id = {};
  std::vector<PlatformPower> powers = {};         // no two with the same labels
  uint64_t reads = 0;                             // of all sources
  std::map<std::string, uint64_t> failures = {};  // by cause
  std::optional<Nanoseconds> age = {};            // of the last good news; nullopt: there was none yet
};

}  // namespace brahe::instruments
