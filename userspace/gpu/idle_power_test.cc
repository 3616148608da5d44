#include "userspace/gpu/idle_power.h"

#include <gtest/gtest.h>

namespace brahe::gpu {
namespace {

CardReading Used(Microjoules used, Nanoseconds time, bool in_use) {
  CardReading reading;
  reading.used = used;
  reading.time = time;
  reading.in_use = in_use;
  return reading;
}

TEST(IdlePowerTest, IsTheLowestThatWasSeen) {
  IdlePower idle;
  EXPECT_EQ(idle.ActiveOf(Used(Joules(100), Seconds(2), true)), Joules(0)) << "nothing tells it from rest yet";
  EXPECT_EQ(idle.ActiveOf(Used(Joules(40), Seconds(2), false)), Joules(0));
  EXPECT_EQ(idle.ActiveOf(Used(Joules(100), Seconds(2), true)), Joules(60));
  EXPECT_EQ(idle.ActiveOf(Used(Joules(30), Seconds(3), true)), Joules(0)) << "lower than ever";
  EXPECT_EQ(idle.ActiveOf(Used(Joules(100), Seconds(2), true)), Joules(80));
}

TEST(IdlePowerTest, OfACardThatNobodyUsesAllIsIdle) {
  IdlePower idle;
  idle.ActiveOf(Used(Joules(10), Seconds(1), false));
  EXPECT_EQ(idle.ActiveOf(Used(Joules(13), Seconds(1), false)), Joules(0));
}

TEST(IdlePowerTest, IsNotLearntFromAMomentInWhichTheCounterDidNotMove) {
  IdlePower idle;
  idle.ActiveOf(Used(Joules(10), Seconds(1), false));
  EXPECT_EQ(idle.ActiveOf(Used(Joules(0), Milliseconds(20), false)), Joules(0));
  EXPECT_EQ(idle.ActiveOf(Used(Joules(50), Seconds(1), true)), Joules(40));
}

TEST(IdlePowerTest, IsLearntFromShortReadingsTogether) {
  IdlePower idle;
  for (int i = 0; i < 10; ++i) idle.ActiveOf(Used(i % 2 == 0 ? Joules(0) : Joules(4), Milliseconds(250), false));
  EXPECT_EQ(idle.ActiveOf(Used(Joules(40), Seconds(1), true)), Joules(32)) << "8 W";
}

TEST(IdlePowerTest, IsWhatIsSet) {
  IdlePower idle(Watts(15));
  EXPECT_EQ(idle.ActiveOf(Used(Joules(100), Seconds(2), true)), Joules(70));
  EXPECT_EQ(idle.ActiveOf(Used(Joules(10), Seconds(2), true)), Joules(0)) << "never more than was used";
  EXPECT_EQ(idle.ActiveOf(Used(Joules(32), Seconds(2), false)), Joules(2));
}

}  // namespace
}  // namespace brahe::gpu
