#include "userspace/base/clock.h"

#include <algorithm>
#include <cerrno>
#include <ctime>

namespace brahe {
namespace {

Nanoseconds Read(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return Seconds(now.tv_sec) + Nanoseconds{static_cast<uint64_t>(now.tv_nsec)};
}

class KernelClock final : public Clock {
 public:
  Nanoseconds Now() const override { return Read(CLOCK_MONOTONIC); }

  Nanoseconds Suspended() const override {
    // A thread that is held up between the two clocks sees too much, never too little; that it is so each time is not
    // to be expected.
    constexpr int kTries = 3;
    Nanoseconds least{UINT64_MAX};
    for (int i = 0; i < kTries; ++i) {
      const Nanoseconds monotonic = Read(CLOCK_MONOTONIC);
      const Nanoseconds boot = Read(CLOCK_BOOTTIME);
      // CLOCK_BOOTTIME may be set back in a time namespace.
      least = std::min(least, boot > monotonic ? boot - monotonic : Nanoseconds{});
    }
    return least;
  }

  void SleepUntil(Nanoseconds instant) const override {
    const timespec until{static_cast<time_t>(instant.value / 1'000'000'000),
                         static_cast<long>(instant.value % 1'000'000'000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
  }
};

}  // namespace

const Clock& SystemClock() {
  static const KernelClock* const clock = new KernelClock;
  return *clock;
}

uint64_t UnixMilliseconds() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1'000'000;
}

}  // namespace brahe
