#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "userspace/base/result.h"

namespace brahe::energy {

// Where a CPU is. Numbers are 0 where the kernel does not know them.
struct CpuPlace {
  uint32_t cpu = 0;
  uint32_t socket = 0;
  uint32_t die = 0;
  uint32_t core = 0;  // the lowest CPU that is online of its core; the kernel's core_id is one of a die, or of a node
};

// From SYSFS/devices/system/cpu/cpuN/topology.
CpuPlace PlaceOfCpu(const std::string& sysfs_root, uint32_t cpu);

// Of all CPUs that are online, by number.
Result<std::vector<CpuPlace>> OnlineCpuPlaces(const std::string& sysfs_root);

// Whether the machine's processors are AMD's or Hygon's, by SYSFS/devices/system/cpu/modalias: each socket has one
// counter of its energy, whatever the kernel takes for dies (chiplets, on Zen 4 and 5, in Linux 6.9 to 6.11), and each
// core one of its own.
bool IsOfAmd(const std::string& sysfs_root);

}  // namespace brahe::energy
