#pragma once

#include <cstddef>
#include <cstdint>

#include "userspace/base/result.h"

namespace brahe::cpu {

struct CpuVisitOptions {
  int cpu_slots_fd = -1;          // borrowed
  size_t cpus = 0;                // possible ones
  uint32_t cgroup_hierarchy = 0;  // as the program in the kernel was told
};

// Fills in the slots of those CPUs that have not switched since the program was attached with what runs there now. The
// kernel does so in an interrupt on each CPU, so that no task can keep us waiting, whatever its priority; CPUs outside
// our cpuset are reached, too. Those that are offline are left out. After an Error the other CPUs count from their own
// first switch on.
Status VisitEveryCpu(const CpuVisitOptions& options);

}  // namespace brahe::cpu
