#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"

namespace brahe::energy {

// A zone's name as powercap has it, taken apart: "package-1-die-0" is "package" of number 1. Lower case.
struct ParsedZoneName {
  std::string name;
  std::optional<uint32_t> number;
};
ParsedZoneName ParseZoneName(std::string_view raw);

// The names of `present` that `wanted` asks for (rapl.zones, in either case; "package-0" stands for "package"); all if
// it is empty. Wanted names that are missing are one WARNING of `meter`, and an Error if nothing else is wanted.
Result<std::set<std::string>> WantedZoneNames(const std::string& meter, const std::vector<std::string>& wanted,
                                              const std::set<std::string>& present);

}  // namespace brahe::energy
