#pragma once

#include <string>

#include "userspace/monitor/snapshot.h"

namespace brahe::monitor {

// Where a node's figures come from, in short. ZoneSeries::state has it of each zone.
struct EnergyOrigin {
  std::string source;     // of all zones, each once, in their order: "rapl", "rapl+hwmon"
  bool measured = false;  // of the primary zone, the one that workloads are ranked by
};

EnergyOrigin EnergyOriginOf(const Snapshot& snapshot);

}  // namespace brahe::monitor
