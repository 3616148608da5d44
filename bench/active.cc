// `active COUNT PERIOD_MS`: processes that each run for a few microseconds in every period and sleep otherwise. Their
// turns are spread evenly, and none makes up for turns that it missed.
#include <cstdio>
#include <cstdlib>

#include "bench/herd.h"
#include "userspace/base/clock.h"
#include "userspace/cpu/child_process.h"

namespace {

constexpr brahe::Nanoseconds kTurn = {5'000};

}  // namespace

int main(int argc, char** argv) {
  using brahe::Nanoseconds, brahe::SystemClock;
  if (argc != 3) {
    std::fprintf(stderr, "active COUNT PERIOD_MS\n");
    return 2;
  }
  const size_t count = std::strtoul(argv[1], nullptr, 10);
  const Nanoseconds period = brahe::Milliseconds(std::strtoul(argv[2], nullptr, 10));
  return brahe::bench::KeepHerd("active", count, [&](size_t i) {
    SystemClock().SleepUntil(SystemClock().Now() + period * i / count);
    while (true) {
      brahe::cpu::Burn(kTurn);
      SystemClock().SleepUntil(SystemClock().Now() + period);
    }
  });
}
