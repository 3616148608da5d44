#include "userspace/energy/still_watch.h"

#include <gtest/gtest.h>

namespace brahe::energy {
namespace {

constexpr Nanoseconds kEpoch = Seconds(5), kBusy = Milliseconds(500);

void CountStill(StillWatch& watch, uint64_t epochs, Nanoseconds duration = kEpoch, Nanoseconds busy = kBusy) {
  for (uint64_t i = 0; i < epochs; ++i) watch.Count(/*moved=*/false, duration, busy);
}

TEST(StillWatchTest, ACounterStandsStillAfterManyBusyEpochs) {
  StillWatch watch;
  CountStill(watch, 9);
  EXPECT_FALSE(watch.still());
  CountStill(watch, 1);
  EXPECT_TRUE(watch.still());
  EXPECT_EQ(watch.time(), Seconds(50));
}

TEST(StillWatchTest, ManyShortEpochsMustMakeALongTime) {
  StillWatch watch;
  CountStill(watch, 149, Milliseconds(200), Milliseconds(200));
  EXPECT_FALSE(watch.still());
  CountStill(watch, 1, Milliseconds(200), Milliseconds(200));
  EXPECT_TRUE(watch.still());
}

TEST(StillWatchTest, EpochsInWhichItsCpusDidLittleDoNotCount) {
  StillWatch watch;
  CountStill(watch, 1000, kEpoch, kBusy - Nanoseconds{1});
  CountStill(watch, 1000, {}, {});
  EXPECT_FALSE(watch.still());
  CountStill(watch, 10);
  EXPECT_TRUE(watch.still());
  CountStill(watch, 1, kEpoch, {});
  EXPECT_TRUE(watch.still()) << "nor do they end it";
}

TEST(StillWatchTest, AMoveEndsItAndAllBeginsAnew) {
  StillWatch watch;
  CountStill(watch, 20);
  watch.Count(/*moved=*/true, kEpoch, {});
  EXPECT_FALSE(watch.still());
  CountStill(watch, 9);
  EXPECT_FALSE(watch.still());
}

}  // namespace
}  // namespace brahe::energy
