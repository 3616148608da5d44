// A load for the accuracy figures. `jobs burn SECONDS` burns one CPU for so long, `jobs use MS` uses so much CPU time,
// and `jobs short SECONDS MIN_MS MAX_MS` starts one job after the other, each of MIN..MAX ms of CPU time. Prints the
// CPU time in ns that the kernel's own books (getrusage) give to it and, for short, to all its jobs together.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include "userspace/base/clock.h"
#include "userspace/cpu/child_process.h"

namespace {

unsigned long UsedBy(int who) {
  rusage usage = {};
  getrusage(who, &usage);
  return static_cast<unsigned long>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000'000 +
         static_cast<unsigned long>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

}  // namespace

int main(int argc, char** argv) {
  using brahe::cpu::Burn, brahe::cpu::ChildProcess, brahe::Milliseconds, brahe::Nanoseconds, brahe::Seconds,
      brahe::SystemClock;
  if (argc < 3) return 2;
  const Nanoseconds end = SystemClock().Now() + Seconds(std::strtoul(argv[2], nullptr, 10));
  unsigned long jobs = 0;
  if (std::strcmp(argv[1], "burn") == 0) {
    while (SystemClock().Now() < end) Burn(Milliseconds(1));
  } else if (std::strcmp(argv[1], "use") == 0) {
    Burn(Milliseconds(std::strtoul(argv[2], nullptr, 10)));
  } else if (argc == 5) {
    std::mt19937 random(1);
    std::uniform_int_distribution<unsigned> length(static_cast<unsigned>(std::atoi(argv[3])),
                                                   static_cast<unsigned>(std::atoi(argv[4])));
    while (SystemClock().Now() < end) {
      const unsigned milliseconds = length(random);
      ChildProcess([&] { Burn(Milliseconds(milliseconds)); }).Wait();
      ++jobs;
    }
  }
  std::printf("{\"own_ns\":%lu,\"jobs_ns\":%lu,\"jobs\":%lu}\n", UsedBy(RUSAGE_SELF), UsedBy(RUSAGE_CHILDREN), jobs);
  return 0;
}
