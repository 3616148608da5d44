#pragma once

#include "userspace/base/clock.h"

namespace brahe::energy {

// A clock that moves by 10 ms with each look at it. For tests of one thread.
class SlowClock final : public Clock {
 public:
  Nanoseconds Now() const override { return now_ += Milliseconds(10); }
  Nanoseconds Suspended() const override { return {}; }
  void SleepUntil(Nanoseconds /*instant*/) const override {}

 private:
  mutable Nanoseconds now_ = Seconds(1);
};

}  // namespace brahe::energy
