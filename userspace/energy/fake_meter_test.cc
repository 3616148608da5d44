#include "userspace/energy/fake_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "userspace/base/fake_clock.h"

namespace brahe::energy {
namespace {

using testing::ElementsAre;

TEST(FakeMeterTest, UsesTheSamePowerWhateverTheLoad) {
  FakeClock clock;
  FakeMeter meter(clock);
  meter.Sample();
  MeterEpoch epoch{.end = clock.Now()};
  EXPECT_THAT(meter.Collect(epoch).used, ElementsAre(Joules(0), Joules(0), Joules(0)));
  epoch = {.end = epoch.end + Seconds(3), .load = {.capacity = Seconds(12), .busy = Seconds(5)}};
  clock.Advance(Seconds(4));  // a sample that comes late
  meter.Sample();
  EXPECT_THAT(meter.Collect(epoch).used, ElementsAre(Joules(120), Joules(75), Joules(15)));
  EXPECT_THAT(meter.Collect(epoch).used, ElementsAre(Joules(0), Joules(0), Joules(0)));
}

TEST(FakeMeterTest, SaysThatItIsMadeUp) {
  FakeClock clock;
  const FakeMeter meter(clock);
  EXPECT_EQ(meter.States()[0].source, "fake");
  EXPECT_FALSE(meter.States()[0].measured);
  EXPECT_EQ(meter.zones().size(), 3u);
  EXPECT_EQ(meter.zones()[0].name, "package");
  EXPECT_EQ(meter.zones()[0].socket, std::nullopt);
  EXPECT_EQ(meter.States().size(), 3u);
}

TEST(FakeMeterTest, LosesNothingToRounding) {
  FakeClock clock;
  FakeMeter meter(clock);
  meter.Sample();
  Microjoules package;
  for (int i = 0; i < 1000; ++i) {
    clock.Advance({999'999'999});
    meter.Sample();
    package += *meter.Collect({.end = clock.Now()}).used[0];
  }
  EXPECT_EQ(package, EnergyOf(Watts(40), Nanoseconds{999'999'999} * 1000));
}

}  // namespace
}  // namespace brahe::energy
