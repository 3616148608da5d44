#pragma once

#include <cstdint>
#include <string>

#include "userspace/base/result.h"

namespace brahe::energy {

// MemTotal of PROCFS/meminfo in KiB: what the kernel has of the memory, a few percent less than is built in. An Error
// if it cannot be read, or does not tell.
Result<uint64_t> ReadMemoryKib(const std::string& procfs_root);

}  // namespace brahe::energy
