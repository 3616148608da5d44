#include "userspace/energy/power_ceiling.h"

#include <gtest/gtest.h>

namespace brahe::energy {
namespace {

constexpr Microwatts kFloor = Watts(1000), kPlausible = Watts(5000), kNotStated = {};

TEST(PowerCeilingTest, IsTheFloorWhereNothingIsStatedOrObserved) {
  EXPECT_EQ(PowerCeiling(kFloor, kPlausible).Of(kNotStated), kFloor);
}

TEST(PowerCeilingTest, IsFiveTimesWhatIsStatedWhichIsLessThanPeaks) {
  EXPECT_EQ(PowerCeiling(kFloor, kPlausible).Of(Watts(15)), Watts(75));
  EXPECT_EQ(PowerCeiling(kFloor, kPlausible).Of(Watts(400)), Watts(2000));
}

TEST(PowerCeilingTest, RisesAboveTheFloorToTwiceTheGreatestPowerObserved) {
  PowerCeiling ceiling(kFloor, kPlausible);
  ceiling.Observe(Joules(700), Seconds(2));
  EXPECT_EQ(ceiling.Of(kNotStated), kFloor);
  ceiling.Observe(Joules(1400), Seconds(2));
  ceiling.Observe(Joules(1000), Seconds(2));
  EXPECT_EQ(ceiling.Of(kNotStated), Watts(1400));
}

TEST(PowerCeilingTest, WhatIsObservedCorrectsWhatIsStated) {
  PowerCeiling ceiling(kFloor, kPlausible);
  ceiling.Observe(Joules(60), Seconds(1));
  EXPECT_EQ(ceiling.Of(Watts(1)), Watts(120));
  EXPECT_EQ(ceiling.Of(Watts(50)), Watts(250));
}

TEST(PowerCeilingTest, TimesTooShortToTellThePowerAreNotObserved) {
  PowerCeiling ceiling(kFloor, kPlausible);
  ceiling.Observe(Joules(200), Milliseconds(99));
  ceiling.Observe(Joules(200), {});
  EXPECT_EQ(ceiling.Of(kNotStated), kFloor);
  ceiling.Observe(Joules(200), Milliseconds(100));
  EXPECT_EQ(ceiling.Of(kNotStated), Watts(4000));
}

TEST(PowerCeilingTest, IsNeverMoreThanPlausible) {
  PowerCeiling ceiling(kFloor, kPlausible);
  EXPECT_EQ(ceiling.Of({UINT64_MAX}), kPlausible);
  EXPECT_EQ(PowerCeiling(kFloor, Watts(100)).Of(kNotStated), Watts(100));
  ceiling.Observe({UINT64_MAX / 2}, Seconds(1));
  EXPECT_EQ(ceiling.Of(kNotStated), kPlausible);
}

}  // namespace
}  // namespace brahe::energy
