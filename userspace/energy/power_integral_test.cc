#include "userspace/energy/power_integral.h"

#include <gtest/gtest.h>

#include <random>

namespace brahe::energy {
namespace {

TEST(PowerIntegralTest, TheFirstReadingTellsNoEnergy) {
  PowerIntegral integral;
  EXPECT_FALSE(integral.Add(Watts(50), Seconds(10)));
  EXPECT_EQ(integral.energy(), Joules(0));
}

TEST(PowerIntegralTest, ThePowerGoesFromReadingToReadingOnALine) {
  PowerIntegral integral;
  integral.Add(Watts(10), Seconds(10));
  EXPECT_TRUE(integral.Add(Watts(20), Seconds(12)));
  EXPECT_EQ(integral.energy(), Joules(30));
  EXPECT_TRUE(integral.Add(Watts(0), Seconds(13)));
  EXPECT_EQ(integral.energy(), Joules(40));
}

TEST(PowerIntegralTest, ReadingsTooFarApartSayNothingOfTheTimeBetween) {
  PowerIntegral integral;
  integral.Add(Watts(10), Seconds(10));
  EXPECT_TRUE(integral.Add(Watts(10), Seconds(15)));
  EXPECT_FALSE(integral.Add(Watts(10), Seconds(20) + Nanoseconds{1}));
  EXPECT_EQ(integral.energy(), Joules(50));
  EXPECT_TRUE(integral.Add(Watts(10), Seconds(21) + Nanoseconds{1}));
  EXPECT_EQ(integral.energy(), Joules(60));
}

TEST(PowerIntegralTest, TwoReadingsOfOneInstantAddNothing) {
  PowerIntegral integral;
  integral.Add(Watts(10), Seconds(10));
  EXPECT_TRUE(integral.Add(Watts(90), Seconds(10)));
  EXPECT_EQ(integral.energy(), Joules(0));
}

TEST(PowerIntegralTest, AMillionShortStepsOfAnyPowerLoseNoMicrojoule) {
  std::mt19937_64 random(1);  // NOLINT(*-msc51-cpp): the same each time
  PowerIntegral integral;
  Nanoseconds time = Seconds(1);
  Microwatts power;
  integral.Add(power, time);
  Uint128 exact = 0;  // in 0.5e-9 uJ
  for (int i = 0; i < 1'000'000; ++i) {
    const Nanoseconds step = {random() % 1'000'000};
    const Microwatts next = {random() % 300'000'000};
    exact += static_cast<Uint128>(power.value + next.value) * step.value;
    power = next;
    time += step;
    ASSERT_TRUE(integral.Add(power, time));
  }
  EXPECT_EQ(integral.energy().value, static_cast<uint64_t>(exact / 2'000'000'000));
  EXPECT_GT(integral.energy(), Joules(70'000));
}

}  // namespace
}  // namespace brahe::energy
