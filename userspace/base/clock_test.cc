#include "userspace/base/clock.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace brahe {
namespace {

constexpr uint64_t kSlept = 1000;  // s

TEST(ClockTest, SleepsUntilTheInstantAndNotLess) {
  const Clock& clock = SystemClock();
  const Nanoseconds until = clock.Now() + Milliseconds(20);
  clock.SleepUntil(until);
  EXPECT_GE(clock.Now(), until);
}

// Says in its exit status whether a child sees `kSlept` more seconds of suspension than this process did.
int StatusInNamespace(Nanoseconds before) {
  if (unshare(CLONE_NEWTIME) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWTIME) != 0) {
    std::perror("unshare CLONE_NEWTIME");
    return 2;
  }
  std::ofstream offsets("/proc/self/timens_offsets");
  offsets << "boottime " << kSlept << " 0" << std::endl;
  if (!offsets) {
    std::perror("write /proc/self/timens_offsets");
    return 2;
  }
  const pid_t child = fork();  // only children are in the new namespace
  if (child == 0) {
    const Nanoseconds more = SystemClock().Suspended() - before;
    _exit(more + Milliseconds(500) > Seconds(kSlept) && more < Seconds(kSlept) + Milliseconds(500) ? 0 : 1);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

// A time namespace in which CLOCK_BOOTTIME is ahead looks like a machine that has slept.
TEST(ClockTest, TellsHowLongTheMachineHasBeenSuspended) {
  const Nanoseconds before = SystemClock().Suspended();
  const pid_t child = fork();
  if (child == 0) _exit(StatusInNamespace(before));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0) << "1: another time, 2: there is no time namespace";
}

}  // namespace
}  // namespace brahe
