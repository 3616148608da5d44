#pragma once

#include <string>

#include "userspace/base/result.h"

namespace brahe::checkpoint {

// What the kernel calls this boot: another one after each start of the machine, and the same in all containers. Any
// thread. `procfs_root` is where procfs is mounted.
Result<std::string> BootId(const std::string& procfs_root);

}  // namespace brahe::checkpoint
