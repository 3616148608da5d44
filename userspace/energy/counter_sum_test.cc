#include "userspace/energy/counter_sum.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace brahe::energy {
namespace {

constexpr CounterLimits kLimits = {
    .max_range = Joules(65'536), .plausible_power = Watts(5000), .wrap_power = Watts(1000)};

CounterReading At(uint64_t seconds, Microjoules energy) { return {.energy = energy, .time = Seconds(seconds)}; }

TEST(CounterSum, AddsWhatEachMemberUsedAlsoAcrossAWrap) {
  CounterSum sum(2);
  sum.Accept(0, At(10, Joules(100)), kLimits);
  sum.Accept(1, At(12, Joules(65'530)), kLimits);
  EXPECT_EQ(sum.Take()->energy, Joules(0)) << "what was used before is not known";
  sum.Accept(0, At(20, Joules(103)), kLimits);
  sum.Accept(1, At(22, Joules(1)), kLimits);
  const auto taken = sum.Take();
  EXPECT_EQ(taken->energy, Joules(10));
  EXPECT_EQ(taken->time, Seconds(21));
  EXPECT_EQ(sum.TakeResets(), 0U);
  EXPECT_EQ(sum.Missing(), std::nullopt);
}

TEST(CounterSum, AResetAddsNothingAndIsCounted) {
  CounterSum sum(1);
  sum.Accept(0, At(10, Joules(30'000)), kLimits);
  EXPECT_TRUE(sum.Take());
  sum.Accept(0, At(11, Joules(5)), kLimits);
  EXPECT_EQ(sum.Take()->energy, Joules(0));
  EXPECT_EQ(sum.TakeResets(), 1U);
  EXPECT_EQ(sum.TakeResets(), 0U);
}

TEST(CounterSum, AMemberThatWasAwayStartsAnewAndTheOthersGoOn) {
  CounterSum sum(2);
  for (const size_t member : {0, 1}) sum.Accept(member, At(10, Joules(0)), kLimits);
  EXPECT_TRUE(sum.Take());
  sum.Accept(0, At(20, Joules(5)), kLimits);
  sum.Fail(1, SystemError("read it", ENXIO));
  EXPECT_EQ(sum.Take()->energy, Joules(5));
  EXPECT_EQ(sum.Missing(), "1 of 2 counters cannot be read: read it: No such device or address");
  for (const size_t member : {0, 1}) sum.Accept(member, At(30, Joules(9)), kLimits);
  EXPECT_EQ(sum.Take()->energy, Joules(9));
  EXPECT_EQ(sum.Missing(), std::nullopt);
}

TEST(CounterSum, WithoutAnyMemberItIsTheErrorOfTheFirst) {
  CounterSum sum(2);
  sum.Fail(0, SystemError("read a", ENXIO));
  sum.Fail(1, SystemError("read b", EIO));
  EXPECT_EQ(sum.Take().error().code, ENXIO);
}

}  // namespace
}  // namespace brahe::energy
