#include "userspace/energy/counter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace brahe::energy {
namespace {

constexpr Microjoules kRange{262'143'328'850};
constexpr CounterLimits kLimits{.max_range = kRange, .plausible_power = Watts(5000), .wrap_power = Watts(5000)};
constexpr CounterLimits kUnknownRange{.max_range = {}, .plausible_power = Watts(5000), .wrap_power = Watts(5000)};

CounterReading At(Microjoules energy, Nanoseconds time) { return {energy, time}; }

TEST(CounterTest, AStepIsTheDifferenceOfTwoReadings) {
  EXPECT_EQ(StepBetween(At(Joules(7), Seconds(1)), At(Joules(19), Seconds(2)), kLimits), Joules(12));
  EXPECT_EQ(StepBetween(At(Joules(7), Seconds(1)), At(Joules(7), Seconds(2)), kLimits), Joules(0));
}

TEST(CounterTest, ACounterThatFellHasWrappedOnce) {
  const auto step = StepBetween(At(kRange - Joules(3), Seconds(1)), At(Joules(4), Seconds(2)), kLimits);
  EXPECT_EQ(step, Joules(7));
  EXPECT_EQ(StepBetween(At(kRange, Seconds(1)), At({}, Seconds(2)), kLimits), Joules(0));
}

TEST(CounterTest, ACounterOfUnknownRangeThatFellWasReset) {
  EXPECT_EQ(StepBetween(At(kRange - Joules(3), Seconds(1)), At(Joules(4), Seconds(2)), kUnknownRange), std::nullopt);
  EXPECT_EQ(StepBetween(At(Joules(3), Seconds(1)), At(Joules(4), Seconds(2)), kUnknownRange), Joules(1));
}

TEST(CounterTest, ACounterThatFellFromBeyondItsRangeWasReset) {
  EXPECT_EQ(StepBetween(At(kRange + Microjoules{1}, Seconds(1)), At(Joules(2), Seconds(2)), kLimits), std::nullopt);
}

TEST(CounterTest, AnImplausibleWrapIsAReset) {
  // Read as a wrap, this would be 252 kJ in 5 s.
  EXPECT_EQ(StepBetween(At(Joules(10'000), Seconds(1)), At({}, Seconds(6)), kLimits), std::nullopt);
}

TEST(CounterTest, ACounterThatFellNearItsTopWasResetIfAWrapNeedsMorePowerThanAWrapMay) {
  const CounterReading last = At(Joules(242'000), Seconds(1)), now = At(Joules(5), Seconds(6));  // 20.1 kJ in 5 s
  CounterLimits limits = kLimits;
  EXPECT_EQ(StepBetween(last, now, limits), kRange - Joules(242'000) + Joules(5));
  limits.wrap_power = Watts(1000);
  EXPECT_EQ(StepBetween(last, now, limits), std::nullopt);
  EXPECT_EQ(StepBetween(At({}, Seconds(1)), At(Joules(20'000), Seconds(6)), limits), Joules(20'000)) << "a rise";
}

TEST(CounterTest, AWrapMayUseItsPowerAndTheSlackAndNoMore) {
  const CounterLimits limits{.max_range = kRange, .plausible_power = Watts(5000), .wrap_power = Watts(100)};
  const Microjoules most = Joules(100) + Joules(5) + Joules(1);  // 1 s, 50 ms and the slack
  const CounterReading last = At(kRange - Joules(50), Seconds(1));
  EXPECT_EQ(StepBetween(last, At(most - Joules(50), Seconds(2)), limits), most);
  EXPECT_EQ(StepBetween(last, At(most - Joules(50) + Microjoules{1}, Seconds(2)), limits), std::nullopt);
}

TEST(CounterTest, ACounterThatFellWhileTheMachineWasSuspendedWasReset) {
  const CounterReading last = At(kRange - Joules(3), Seconds(1));
  CounterReading now = At(Joules(4), Seconds(2));
  now.suspended = Milliseconds(50);
  EXPECT_EQ(StepBetween(last, now, kLimits), Joules(7)) << "not more than clocks are inexact";
  now.suspended = Milliseconds(500);
  EXPECT_EQ(StepBetween(last, now, kLimits), std::nullopt);
}

TEST(CounterTest, ACounterThatRoseWhileTheMachineWasSuspendedIsJudgedByAllTheTime) {
  const CounterReading last = At({}, Seconds(1));
  CounterReading now = At(Joules(200'000), Seconds(2));
  EXPECT_EQ(StepBetween(last, now, kLimits), std::nullopt);
  now.suspended = Seconds(40);
  EXPECT_EQ(StepBetween(last, now, kLimits), Joules(200'000));
}

TEST(CounterTest, AnImplausibleJumpUpIsAReset) {
  const Microjoules most = Joules(5000) + Joules(250) + Joules(1);  // 1 s, 50 ms and the slack
  EXPECT_EQ(StepBetween(At({}, Seconds(1)), At(most, Seconds(2)), kLimits), most);
  EXPECT_EQ(StepBetween(At({}, Seconds(1)), At(most + Microjoules{1}, Seconds(2)), kLimits), std::nullopt);
}

TEST(CounterTest, ALongGapMayHoldMuchEnergy) {
  EXPECT_EQ(StepBetween(At({}, Seconds(1)), At(Joules(200'000), Seconds(41)), kLimits), Joules(200'000));
}

TEST(CounterTest, SamplesBackToBackAreNoResets) {
  EXPECT_EQ(StepBetween(At({}, Seconds(1)), At(Joules(1), Seconds(1)), kLimits), Joules(1));
  EXPECT_EQ(StepBetween(At({}, Seconds(1)), At(Joules(251), Seconds(1)), kLimits), Joules(251));
  EXPECT_EQ(StepBetween(At({}, Seconds(1)), At(Joules(252), Seconds(1)), kLimits), std::nullopt);
}

TEST(CounterTest, TheEndsOfTheNumbersDoNotOverflow) {
  const uint64_t most = UINT64_MAX;
  const CounterLimits most_range{.max_range = {most}, .plausible_power = Watts(5000), .wrap_power = Watts(5000)};
  EXPECT_EQ(StepBetween(At({}, {}), At({most}, Seconds(1)), kLimits), std::nullopt);
  EXPECT_EQ(StepBetween(At({}, {}), At({most}, {most}), most_range), Microjoules{most});
  EXPECT_EQ(StepBetween(At({most}, {}), At({5}, Seconds(1)), most_range), Microjoules{5});
  EXPECT_EQ(StepBetween(At({}, {most}), At(Joules(2), {}), kLimits), Joules(2));  // a clock that goes back
}

// A machine's counter as the hardware has it: ticks of one unit, modulo their number; powercap's range is one tick
// less.
struct Hardware {
  uint64_t unit = 1;
  uint64_t ticks = 1;
  uint64_t total_uj = 0;  // since it was switched on, whole units
  [[nodiscard]] Microjoules Read() const { return {total_uj / unit % ticks * unit}; }
  [[nodiscard]] Microjoules Range() const { return {(ticks - 1) * unit}; }
};

TEST(CounterPropertyTest, TheSumOfAllStepsIsTheEnergyButForOneUnitAWrap) {
  std::mt19937_64 random(20'240'501);
  for (int walk = 0; walk < 300; ++walk) {
    Hardware counter{.unit = 1 + random() % 100, .ticks = 20'000'000 + random() % 80'000'000};
    const CounterLimits limits{.max_range = counter.Range(), .plausible_power = Watts(5000), .wrap_power = Watts(5000)};
    counter.total_uj = random() % counter.Range().value;
    CounterReading last{counter.Read(), Seconds(random() % 1000)};
    uint64_t used = 0, charged = 0, wraps = 0;
    for (int i = 0; i < 200; ++i) {
      // At most one time around, and a plausible power.
      const Nanoseconds elapsed{random() % 4'000'000'000};
      const uint64_t most = std::min(EnergyOf(Watts(5000), elapsed).value, counter.Range().value);
      const uint64_t ticks = random() % (most / counter.unit + 1);
      counter.total_uj += ticks * counter.unit;
      used += ticks * counter.unit;
      const CounterReading now{counter.Read(), last.time + elapsed};
      wraps += now.energy < last.energy;
      const auto step = StepBetween(last, now, limits);
      ASSERT_TRUE(step.has_value());
      charged += step->value;
      last = now;
    }
    EXPECT_EQ(charged + wraps * counter.unit, used);
  }
}

TEST(CounterPropertyTest, NoStepIsImplausibleWhateverTheCounterSays) {
  std::mt19937_64 random(7);
  uint64_t resets = 0;
  for (int walk = 0; walk < 300; ++walk) {
    const CounterLimits limits{.max_range = {random() % 3 == 0 ? 0 : random() >> (random() % 64)},
                               .plausible_power = Watts(1 + random() % 5000),
                               .wrap_power = Watts(1 + random() % 5000)};
    CounterReading last{{random() >> (random() % 64)}, {}};
    for (int i = 0; i < 200; ++i) {
      const Nanoseconds elapsed{random() % 60'000'000'000};
      const bool garbage = random() % 4 == 0;
      const CounterReading now{{garbage ? random() >> (random() % 64) : last.energy.value + random() % 100'000'000},
                               last.time + elapsed};
      const auto step = StepBetween(last, now, limits);
      if (step) {
        const Microwatts most = now.energy < last.energy ? limits.wrap_power : limits.plausible_power;
        ASSERT_LE(step->value, (EnergyOf(most, elapsed + Milliseconds(50)) + Joules(1)).value);
      } else {
        ++resets;
      }
      last = now;
    }
  }
  EXPECT_GT(resets, 1000u);
}

}  // namespace
}  // namespace brahe::energy
