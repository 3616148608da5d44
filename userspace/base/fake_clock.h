#pragma once

#include <atomic>

#include "userspace/base/clock.h"

namespace brahe {

// A clock that stands still until a test moves it. Sleeping moves it to the instant that was asked for.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(Nanoseconds start = Seconds(1000)) : now_(start.value) {}

  Nanoseconds Now() const override { return {now_.load()}; }
  void SleepUntil(Nanoseconds instant) const override {
    uint64_t now = now_.load();
    while (now < instant.value && !now_.compare_exchange_weak(now, instant.value)) {
    }
  }
  Nanoseconds Suspended() const override { return {suspended_.load()}; }
  void Advance(Nanoseconds by) { now_ += by.value; }
  // Lets the machine sleep, which stops Now.
  void Suspend(Nanoseconds time) { suspended_ += time.value; }

 private:
  mutable std::atomic<uint64_t> now_;
  std::atomic<uint64_t> suspended_ = 0;
};

}  // namespace brahe
