#pragma once

#include <functional>
#include <memory>
#include <string>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/cpu/cgroup_hierarchy.h"
#include "userspace/cpu/cpu_time_source.h"
#include "userspace/cpu/source_state.h"
#include "userspace/cpu/topology.h"

namespace brahe::cpu {

// What a source is opened for.
enum class Purpose : uint8_t {
  kServe,       // to serve: of two such sources on a machine the second is refused
  kWatch,       // to look on for a while, beside that one: pins nothing
  kOneCommand,  // to measure a command beside it: is also set up soon and cuts soon, and of more processes than its
                // small table holds it knows the cgroups only
};

struct CpuTimeSourceOptions {
  std::string kind = "auto";  // bpf, procfs, or auto: bpf where it works, else procfs
  std::string sysfs_root = "/sys";
  std::string procfs_root = "/proc";
  CpuTopology topology;
  CgroupHierarchy hierarchy;   // mount_point empty: none was found
  uint32_t max_processes = 0;  // of the kernel's process table; 0: by the machine
  Purpose purpose = Purpose::kServe;
  // Only to serve, and of bpf; see BpfProgramOptions.
  bool outlives = false;
  std::function<const SourceState*()> resume = {};
};

// Makes the source that `kind` asks for. Falling back from bpf to procfs is one WARNING that says why, and what that
// costs. A second instance (Error::code EWOULDBLOCK) is an Error and no reason to fall back: it would serve the same
// figures twice, worse.
Result<std::unique_ptr<CpuTimeSource>> ChooseCpuTimeSource(const CpuTimeSourceOptions& options, const Clock& clock);

}  // namespace brahe::cpu
