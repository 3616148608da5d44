#include "userspace/base/clock.h"

#include <cerrno>
#include <ctime>

namespace brahe {
namespace {

class KernelClock final : public Clock {
 public:
  Nanoseconds Now() const override {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return Seconds(now.tv_sec) + Nanoseconds{static_cast<uint64_t>(now.tv_nsec)};
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
