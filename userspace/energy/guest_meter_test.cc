#include "userspace/energy/guest_meter.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "userspace/base/fake_clock.h"
#include "userspace/base/temp_tree.h"
#include "userspace/energy/meters.h"

namespace brahe::energy {
namespace {

class GuestMeterTest : public testing::Test {
 protected:
  GuestMeterTest() { options_.guest_path = files_.path(); }

  void Set(const std::string& zone, uint64_t energy_uj) const {
    files_.Remove(zone + "/energy_uj");  // another file each time, as hosts may do
    std::string text = std::to_string(energy_uj);
    text.resize(19, ' ');
    files_.Write(zone + "/energy_uj", text + "\n");
  }
  void AddZone(const std::string& folder, const std::string& name) const {
    files_.Write(folder + "/name", name + "\n");
    files_.Write(folder + "/max_energy_range_uj", "9223372036854775807\n");
    Set(folder, 0);
  }
  void Start() {
    auto meter = GuestMeter::Open(options_, clock_);
    ASSERT_TRUE(meter) << meter.error().message;
    meter_ = *std::move(meter);
    meter_->Sample();
  }
  EnergyEpoch Epoch(Nanoseconds busy = {}) {
    const Nanoseconds begin = clock_.Now();
    clock_.Advance(Seconds(5));
    meter_->Sample();
    return meter_->Collect({.begin = begin, .end = clock_.Now(), .load = {.capacity = Seconds(10), .busy = busy}});
  }

  TempTree files_;
  FakeClock clock_;
  MeterOptions options_;
  std::unique_ptr<EnergyMeter> meter_;
};

TEST_F(GuestMeterTest, CountsWhatTheHostSaysToTheMicrojoule) {
  AddZone("intel-rapl:0", "package-0");
  AddZone("intel-rapl:0:2", "dram");
  Set("intel-rapl:0", 77'000'000);
  Start();
  EXPECT_EQ(meter_->States()[0].source, "guest");
  ASSERT_EQ(meter_->zones().size(), 2U);
  EXPECT_EQ(meter_->zones()[0].name, "dram");
  EXPECT_EQ(meter_->zones()[1].name, "package");
  Set("intel-rapl:0", 77'000'123);
  Set("intel-rapl:0:2", 7);
  const EnergyEpoch epoch = Epoch();
  EXPECT_EQ(epoch.used[0], Microjoules{7});
  EXPECT_EQ(epoch.used[1], Microjoules{123});
  EXPECT_EQ(meter_->States()[1].read_errors, 0U);
}

TEST_F(GuestMeterTest, ZonesAreOfTheWholeMachineBecauseItsSocketsAreNotTheHosts) {
  AddZone("intel-rapl:0", "package-0");
  AddZone("intel-rapl:0:2", "dram");
  Start();
  for (const Zone& zone : meter_->zones()) EXPECT_FALSE(zone.socket.has_value());
}

TEST_F(GuestMeterTest, HostsAndGuestsEpochsMayBeatWithoutLossOrFault) {
  AddZone("intel-rapl:0", "package-0");
  Start();
  Microjoules sum;
  // No step of the host's within an epoch of the guest's, one, or two, for minutes.
  uint64_t counter = 0;
  for (int round = 0; round < 30; ++round) {
    for (const int steps : {0, 1, 2, 0, 2, 1}) {
      counter += steps * uint64_t{50'000'000};
      Set("intel-rapl:0", counter);
      sum += Epoch(Seconds(10)).used[0].value();
      EXPECT_TRUE(meter_->States()[0].measured);
    }
  }
  EXPECT_EQ(sum, Microjoules{counter});
  EXPECT_EQ(meter_->States()[0].resets, 0U);
}

TEST_F(GuestMeterTest, ATreeThatNobodyWritesToAnyMoreIsNotMeasuredUntilItIs) {
  AddZone("intel-rapl:0", "package-0");
  Start();
  Set("intel-rapl:0", 50);
  Epoch(Seconds(10));
  EXPECT_TRUE(meter_->States()[0].measured);
  for (int epoch = 0; epoch < 12; ++epoch) Epoch(Seconds(10));
  EXPECT_FALSE(meter_->States()[0].measured);
  Set("intel-rapl:0", 100);
  Epoch(Seconds(10));
  EXPECT_TRUE(meter_->States()[0].measured);
}

TEST_F(GuestMeterTest, ATreeThatIsGoneAndComesBackIsChargedWhatItMissed) {
  AddZone("intel-rapl:0", "package-0");
  Start();
  files_.Remove("intel-rapl:0");
  EXPECT_FALSE(Epoch().used[0].has_value());
  AddZone("intel-rapl:0", "package-0");
  Set("intel-rapl:0", 42);
  EXPECT_EQ(Epoch().used[0], Microjoules{42});
}

TEST_F(GuestMeterTest, AnEstimateOfTheHostsIsNotMeasuredHere) {
  AddZone("intel-rapl:0", "package-0");
  files_.Write("intel-rapl:0/measured", "0\n");
  Start();
  EXPECT_FALSE(meter_->States()[0].measured);
  files_.Write("intel-rapl:0/measured", "1\n");
  Epoch();
  EXPECT_TRUE(meter_->States()[0].measured);
}

TEST_F(GuestMeterTest, SaysWhatToDoWhereThereIsNoTree) {
  const auto none = GuestMeter::Open(options_, clock_);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "guest.path: no zone of energy in " + files_.path() +
                                      "; mount the tree there that the host shares (docs/guests.md)");
  options_.guest_path = "";
  const auto unset = GuestMeter::Open(options_, clock_);
  ASSERT_FALSE(unset);
  EXPECT_NE(unset.error().message.find("guest.path is not set"), std::string::npos);
}

TEST_F(GuestMeterTest, IsTriedBeforeAllOthersWhereItsPathIsSet) {
  AddZone("intel-rapl:0", "package-0");
  options_.sysfs_root = files_.At("no-sysfs");
  options_.preferred = {"fake"};
  const auto meter = ChooseMeter(options_, clock_);
  ASSERT_TRUE(meter);
  EXPECT_EQ((*meter)->States()[0].source, "guest");
  options_.guest_path = files_.At("nowhere");
  const auto other = ChooseMeter(options_, clock_);
  ASSERT_TRUE(other);
  EXPECT_EQ((*other)->States()[0].source, "fake");
}

}  // namespace
}  // namespace brahe::energy
