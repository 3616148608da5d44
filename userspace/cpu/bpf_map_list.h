#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "userspace/base/result.h"

namespace brahe::cpu {

// One BPF map in the kernel.
struct BpfMapName {
  uint32_t id = 0;    // grows from one map to the next that is made
  uint32_t type = 0;  // bpf_map_type
  std::string name;   // at most 15 characters
};

// All BPF maps in the kernel, those of other containers too: these names know no namespaces. Needs CAP_SYS_ADMIN, or
// CAP_BPF and CAP_PERFMON where the kernel lets a BPF iterator run.
Result<std::vector<BpfMapName>> ListBpfMaps();

// Its two ways.
Result<std::vector<BpfMapName>> ListBpfMapsById();
Result<std::vector<BpfMapName>> ListBpfMapsByIterator();

}  // namespace brahe::cpu
