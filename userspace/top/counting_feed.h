#pragma once

#include <memory>
#include <string>

#include "userspace/base/clock.h"
#include "userspace/monitor/epoch_runner.h"
#include "userspace/top/feed.h"

namespace brahe::top {

struct CountingOptions {
  Nanoseconds interval;
  std::string node_name;
  bool wants_documents = false;
};

// Counts with `parts`, an epoch each interval. `clock` must outlive it. An Error where nothing can be counted.
Result<std::unique_ptr<Feed>> StartCounting(monitor::MonitorParts parts, CountingOptions options, const Clock& clock);

}  // namespace brahe::top
