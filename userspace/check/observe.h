#pragma once

#include <cstdint>
#include <string>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/check/observation.h"
#include "userspace/monitor/epoch_runner.h"

namespace brahe::check {

struct ObserveOptions {
  uint64_t epochs = 10;  // of a second each; at least 3
  std::string procfs_root = "/proc";
};

// Counts with `parts` for so many epochs and one more at the start, and looks at what others know of the same time: the
// kernel's books in PROCFS, and what a child of our own has used. What `parts` do not tell (the cgroup hierarchy,
// rights) is left empty. An Error where nothing can be counted. There are no other threads; `clock` is real.
Result<Observation> Observe(monitor::MonitorParts parts, const ObserveOptions& options, const Clock& clock);

}  // namespace brahe::check
