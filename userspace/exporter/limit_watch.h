#pragma once

#include <mutex>

#include "userspace/base/fault_log.h"
#include "userspace/exposition/series_limit.h"

namespace brahe::exporter {

// Says in the log when exporter.prometheus.maxSeries begins to leave workloads out, and when it no longer does. Any
// thread.
class LimitWatch {
 public:
  // What an exposition was held to.
  void Tell(const exposition::SeriesLimit& limit);

 private:
  std::mutex mutex_;
  FaultLog log_;
};

}  // namespace brahe::exporter
