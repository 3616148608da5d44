#pragma once

#include <memory>
#include <optional>
#include <string>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/cpu/cgroup_hierarchy.h"
#include "userspace/cpu/cpu_time_source.h"
#include "userspace/cpu/topology.h"

namespace brahe::cpu {

struct ProcfsSourceOptions {
  std::string procfs_root = "/proc";
  CpuTopology topology;
  std::optional<CgroupHierarchy> hierarchy;  // nullopt: all time is in cgroup 0
};

// The source for machines where BPF is not to be had: differences between looks at /proc, as exact as clock ticks are.
//
// Cut looks at PROCFS/stat and at every PROCFS/PID/stat, and counts from the factory's own look on. Collect compares:
//   - Who was born after the previous look is charged all of its time. Who is older but was not to be seen then is only
//     noted, so that nobody is ever charged a lifetime. Who could not be read for a while is charged for that while
//     later.
//   - A process' time is on the socket, and in the cgroup, in which it is found: it is not known when it moved.
//   - Busy time of a socket that no process is charged for (work that came and went between two looks, interrupts,
//     steal) is unassigned, cgroup 0.
//   - Ticks are coarse, so processes may seem to have used more than the socket was busy: idle is lowered to make
//     room, and capacity raised if that is not enough.
// Memory is in proportion to the number of processes. clock must outlive the source.
Result<std::unique_ptr<CpuTimeSource>> MakeProcfsCpuTimeSource(ProcfsSourceOptions options, const Clock& clock);

}  // namespace brahe::cpu
