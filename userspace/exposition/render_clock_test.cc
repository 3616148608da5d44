#include "userspace/exposition/render_clock.h"

#include <gtest/gtest.h>

namespace brahe::exposition {
namespace {

RenderClock ClockOf(uint64_t unix_ms, Nanoseconds time) {
  monitor::Snapshot snapshot;
  snapshot.unix_ms = unix_ms;
  snapshot.time = time;
  return RenderClock::Of(snapshot);
}

TEST(RenderClock, TellsInstantsInUnixTime) {
  const RenderClock clock = ClockOf(1'700'000'000'000, Seconds(100));
  EXPECT_EQ(clock.UnixMs(Seconds(40)), 1'699'999'940'000U);
  EXPECT_EQ(ClockOf(5'000, Seconds(100)).UnixMs(Seconds(40)), std::nullopt) << "before 1970";
}

TEST(RenderClock, StaysWhereTheClockOnlyDriftsAndFollowsAJump) {
  const RenderClock clock = ClockOf(1'700'000'000'000, Seconds(100));
  const RenderClock drifted = clock.Renewed(ClockOf(1'700'000'010'900, Seconds(110)));
  EXPECT_EQ(drifted.UnixMs(Seconds(40)), clock.UnixMs(Seconds(40)));
  const RenderClock set_right = clock.Renewed(ClockOf(1'700'000'070'000, Seconds(110)));
  EXPECT_EQ(set_right.UnixMs(Seconds(40)), 1'700'000'000'000U);
}

}  // namespace
}  // namespace brahe::exposition
