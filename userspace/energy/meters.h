#pragma once

#include <memory>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/energy/energy_meter.h"

namespace brahe {

// What the choice of a meter depends on.
struct MeterOptions {
  std::string sysfs_root = "/sys";
  std::vector<std::string> preferred = {"rapl", "model"};  // tried in this order; the first that works is taken
  Microwatts model_idle_per_cpu;                           // 0: default of the CPU's vendor (see model_meter.h)
  Microwatts model_max_per_cpu;                            // 0: as above
  Microwatts plausible_power = Watts(5000);                // a zone's step beyond this is a reset
  std::vector<std::string> zones;                          // rapl: only zones of these names; empty: all
};

// The first meter of `options.preferred` that works here. Each that does not is said in one INFO line with its reason;
// taking one that does not measure is one WARNING. Error if none works.
Result<std::unique_ptr<EnergyMeter>> ChooseMeter(const MeterOptions& options, const Clock& clock);

}  // namespace brahe
