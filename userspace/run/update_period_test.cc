#include "userspace/run/update_period.h"

#include <gtest/gtest.h>

#include "userspace/base/fake_clock.h"

namespace brahe::run {
namespace {

// Counters at 10 W that move once a period each, and never where that is 0.
class SteppingMeter final : public energy::EnergyMeter {
 public:
  SteppingMeter(const Clock& clock, std::vector<Nanoseconds> periods)
      : clock_(clock), periods_(std::move(periods)), zones_(periods_.size()), taken_(periods_.size()) {}

  [[nodiscard]] const std::vector<energy::Zone>& zones() const override { return zones_; }
  [[nodiscard]] std::vector<energy::ZoneState> States() const override { return {}; }
  void Sample() override { sampled_ = clock_.Now(); }
  energy::EnergyEpoch Collect(const energy::MeterEpoch& /*epoch*/) override {
    energy::EnergyEpoch epoch;
    for (size_t zone = 0; zone < periods_.size(); ++zone) {
      const uint64_t period = periods_[zone].value;
      const uint64_t counter = period == 0 ? 0 : sampled_.value / period * period / 100'000;
      epoch.used.emplace_back(Microjoules{counter - std::exchange(taken_[zone], counter)});
    }
    return epoch;
  }

 private:
  const Clock& clock_;
  const std::vector<Nanoseconds> periods_;
  const std::vector<energy::Zone> zones_;
  std::vector<uint64_t> taken_;
  Nanoseconds sampled_;
};

TEST(UpdatePeriodTest, IsTheLongestTimeThatACounterStoodStill) {
  FakeClock clock(Seconds(1000));
  SteppingMeter meter(clock, {Milliseconds(1), Milliseconds(5)});
  const std::vector<Nanoseconds> periods = MeasureUpdatePeriods(meter, clock);
  EXPECT_EQ(periods, (std::vector<Nanoseconds>{Milliseconds(1), Milliseconds(5)}));
  EXPECT_LE(clock.Now(), Seconds(1000) + Milliseconds(31)) << "as soon as it is known";
}

TEST(UpdatePeriodTest, ACounterThatDoesNotMoveGetsAllOfTheTime) {
  FakeClock clock(Seconds(1000));
  SteppingMeter meter(clock, {Milliseconds(1), Nanoseconds{0}});
  const std::vector<Nanoseconds> periods = MeasureUpdatePeriods(meter, clock);
  EXPECT_EQ(periods[0], Milliseconds(1));
  EXPECT_EQ(periods[1], Milliseconds(50));
}

}  // namespace
}  // namespace brahe::run
