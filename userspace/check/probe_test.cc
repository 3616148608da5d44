#include "userspace/check/probe.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

namespace brahe::check {
namespace {

TEST(ProbeTest, UsesWhatItIsToldToAndEnds) {
  auto probe = Probe::Start(Milliseconds(50));
  ASSERT_TRUE(probe);
  std::optional<Nanoseconds> used;
  while (!(used = probe->Used())) usleep(1000);
  EXPECT_GE(*used, Milliseconds(49)) << "the kernel may round what it tells";
  EXPECT_EQ(probe->Used(), used) << "is remembered";
}

TEST(ProbeTest, IsGoneWithItsOwner) {
  pid_t pid = 0;
  {
    auto probe = Probe::Start(Seconds(600));
    ASSERT_TRUE(probe);
    pid = probe->pid();
    const Probe moved = *std::move(probe);
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

}  // namespace
}  // namespace brahe::check
