#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace brahe {

// The index of the zone that workloads are ranked by, by its `name`: psys, package, core, dram, uncore, else the first.
template <typename Named>
size_t PrimaryZone(const std::vector<Named>& zones) {
  for (const char* name : {"psys", "package", "core", "dram", "uncore"}) {
    const auto zone = std::find_if(zones.begin(), zones.end(), [&](const Named& z) { return z.name == name; });
    if (zone != zones.end()) return static_cast<size_t>(zone - zones.begin());
  }
  return 0;
}

}  // namespace brahe
