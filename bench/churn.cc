// Starts processes at a steady rate: `churn SECONDS RATE`. Each is a copy of this one that ends at once. Prints how
// many were started and how long it took. What falls behind is caught up with, so that the mean rate is kept if it can
// be.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "userspace/base/clock.h"

int main(int argc, char** argv) {
  using brahe::Nanoseconds, brahe::Seconds, brahe::SystemClock;
  if (argc != 3) return 2;
  signal(SIGCHLD, SIG_IGN);  // nobody waits for them
  const Nanoseconds length = Seconds(std::strtoul(argv[1], nullptr, 10));
  const unsigned long rate = std::strtoul(argv[2], nullptr, 10);
  const Nanoseconds begin = SystemClock().Now();
  unsigned long started = 0;
  Nanoseconds passed = {};
  while ((passed = SystemClock().Now() - begin) < length) {
    const unsigned long due = passed.value * rate / 1'000'000'000;
    if (started >= due) {
      usleep(200);
      continue;
    }
    const pid_t child = fork();
    if (child == 0) _exit(0);
    if (child < 0) {
      std::perror("churn: fork");
      return 1;
    }
    ++started;
  }
  std::printf("{\"started\":%lu,\"seconds\":%.3f}\n", started, static_cast<double>(passed.value) / 1e9);
  return 0;
}
