#pragma once

#include "userspace/base/units.h"

namespace brahe {

// CLOCK_MONOTONIC, and what it leaves out, as a seam for tests. Safe to call from any thread.
class Clock {
 public:
  virtual ~Clock() = default;

  // The present instant.
  virtual Nanoseconds Now() const = 0;
  // How long the machine has been suspended in all since it booted. CLOCK_MONOTONIC stands still in such times.
  virtual Nanoseconds Suspended() const = 0;
  // Returns at or after `instant`, at once if that has passed. Signals do not cut it short.
  virtual void SleepUntil(Nanoseconds instant) const = 0;
};

// The kernel's clock; never destroyed.
const Clock& SystemClock();

// The present wall-clock time (CLOCK_REALTIME) in milliseconds since the Unix epoch, for timestamps only.
uint64_t UnixMilliseconds();

}  // namespace brahe
