#pragma once

#include <memory>
#include <string>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/cpu/cgroup_hierarchy.h"
#include "userspace/cpu/cpu_time_source.h"
#include "userspace/cpu/topology.h"

namespace brahe::cpu {

struct CpuTimeSourceOptions {
  std::string kind = "auto";  // bpf, procfs, or auto: bpf where it works, else procfs
  std::string sysfs_root = "/sys";
  std::string procfs_root = "/proc";
  CpuTopology topology;
  CgroupHierarchy hierarchy;   // mount_point empty: none was found
  uint32_t max_processes = 0;  // of the kernel's process table; 0: by the machine
  // For one command: a source beside those of other instances, which is soon set up, cuts soon and pins nothing. Of
  // more processes than its table holds it knows the cgroups only.
  bool for_one_command = false;
};

// Makes the source that `kind` asks for. Falling back from bpf to procfs is one WARNING that says why, and what that
// costs. A second instance (Error::code EWOULDBLOCK) is an Error and no reason to fall back: it would serve the same
// figures twice, worse.
Result<std::unique_ptr<CpuTimeSource>> ChooseCpuTimeSource(const CpuTimeSourceOptions& options, const Clock& clock);

}  // namespace brahe::cpu
