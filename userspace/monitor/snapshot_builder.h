#pragma once

#include "userspace/base/result.h"
#include "userspace/cpu/cpu_time_source.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/monitor/attributor.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::monitor {

// Writes the state of all books into `snapshot`: zones, socket_zones, workloads of all levels with their
// rests, and unassigned_time. Of what is listed only that is work which has changed since the last time.
void FillFrom(Attributor& attributor, const std::vector<energy::Zone>& zones,
              const std::vector<energy::ZoneState>& states, Snapshot& snapshot);

// The busy share of all CPU time, in millionths; 0 without capacity.
uint64_t UsagePpm(const energy::CpuLoad& load);
// What a meter is to know of the epoch.
energy::MeterEpoch MeterEpochOf(const cpu::CpuTimeEpoch& epoch);

// An Error that names the first zone whose figures do not add up: energy = active + idle, and active = listed +
// unlisted.
Status CheckBalance(const Snapshot& snapshot);

}  // namespace brahe::monitor
