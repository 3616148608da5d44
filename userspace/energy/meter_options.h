#pragma once

#include <string>
#include <vector>

#include "userspace/base/units.h"

namespace brahe::energy {

// What the choice of a meter depends on.
struct MeterOptions {
  std::string sysfs_root = "/sys";
  std::string procfs_root = "/proc";
  // Tried in this order, and the first that works is taken. A list that names one of Kepler's meters that are not here
  // yet goes on with this default.
  std::vector<std::string> preferred = {"rapl", "perf", "model"};
  Microwatts model_idle_per_cpu;             // 0: that of the machine's generation (see model_meter.h)
  Microwatts model_max_per_cpu;              // 0: as above
  Microwatts plausible_power = Watts(5000);  // a zone's step beyond this is a reset
  std::vector<std::string> zones;            // rapl, perf: only zones of these names; empty: all
};

}  // namespace brahe::energy
