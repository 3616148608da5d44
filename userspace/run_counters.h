#pragma once

#include <memory>

#include "userspace/base/result.h"
#include "userspace/config/config.h"
#include "userspace/run/counter.h"

namespace brahe {

// In whose cgroup a command's is made.
enum class CgroupOf { kThisProcess, kCommand };

// Counts by itself, with all the rights that this takes. What cannot be had is said before a command runs.
Result<std::unique_ptr<run::Counter>> OpenCounter(const config::Config& config, CgroupOf cgroup_of);

// Has it done by the service that listens at the socket.
Result<std::unique_ptr<run::Counter>> AskForCounter(const config::Config::Run& config);

}  // namespace brahe
