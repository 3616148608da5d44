#pragma once

#include <cstdint>

#include "userspace/base/units.h"

namespace brahe::otlp {

// Turns instants of CLOCK_MONOTONIC into wall-clock time. Who compares points takes a start time that differs for a
// counter that was set back, so one instant must have the same wall-clock time in all exports: the difference of the
// clocks is kept, until the wall clock is found more than a tenth of a second off. Not thread-safe.
class WallTime {
 public:
  // `instant` was at `unix_ms`, as far as clocks know now.
  void Adjust(Nanoseconds instant, uint64_t unix_ms);
  // Nanoseconds since 1970; Adjust was called before.
  [[nodiscard]] uint64_t At(Nanoseconds instant) const { return offset_ + instant.value; }

 private:
  uint64_t offset_ = 0;  // modulo 2^64
  bool known_ = false;
};

}  // namespace brahe::otlp
