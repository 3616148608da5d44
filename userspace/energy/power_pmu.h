#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/energy/energy_scale.h"

namespace brahe::energy {

// An energy event of perf's power PMU.
struct PowerEvent {
  std::string zone;  // powercap's name for what it counts: "package" for energy-pkg
  std::string path;  // its file, SYSFS/bus/event_source/devices/power/events/energy-pkg
  uint64_t config = 0;
  EnergyScale scale;
};

// A CPU on which the PMU's events are opened. There is one for each package, or for each die or core that has counters
// of its own.
struct PowerCpu {
  uint32_t cpu = 0;
  uint32_t socket = 0;
  uint32_t die = 0;
  uint32_t core = 0;  // as in CpuPlace, of a PMU of cores
};

// perf's power PMU, or the one of cores, as sysfs describes it.
struct PowerPmu {
  uint32_t type = 0;
  std::vector<PowerEvent> events;  // by zone
  std::vector<PowerCpu> cpus;      // by socket, die and core
  std::vector<Error> left_out;     // events and CPUs that cannot be used
};

// Reads SYSFS/bus/event_source/devices/power. An Error with its remedy where there is no such PMU, where it has no
// energy event (virtual machines) or none that can be used, or no CPU to open them on.
Result<PowerPmu> ScanPowerPmu(const std::string& sysfs_root);

// Reads SYSFS/bus/event_source/devices/power_core, which AMD's processors have since Linux 6.15 for their zone `core`:
// each core has a counter of its own there. Without events where there is no such PMU, as on all others.
Result<PowerPmu> ScanCorePmu(const std::string& sysfs_root);

}  // namespace brahe::energy
