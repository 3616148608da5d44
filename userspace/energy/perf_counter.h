#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "userspace/base/file.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"

namespace brahe::energy {

// Which counter of perf's is meant.
struct PerfTarget {
  uint32_t type = 0;    // of the PMU
  uint64_t config = 0;  // which of its events
  uint32_t cpu = 0;     // counts what this one sees, whatever runs on it
};

// Opens a counter. Each read of its fd gives a PerfCount.
using PerfOpener = std::function<Result<UniqueFd>(const PerfTarget&)>;

// The kernel's, perf_event_open(2).
Result<UniqueFd> OpenPerfCounter(const PerfTarget& target);

// Where a counter stands.
struct PerfCount {
  uint64_t counts = 0;  // since it was opened; 64 bits, so it does not wrap
  Nanoseconds enabled;  // for how long it has counted
};

// `name` names the counter in errors.
Result<PerfCount> ReadPerfCounter(int fd, const std::string& name);

}  // namespace brahe::energy
