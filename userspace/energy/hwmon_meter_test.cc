#include "userspace/energy/hwmon_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "userspace/base/fake_clock.h"
#include "userspace/energy/hwmon_fixture.h"
#include "userspace/energy/log_lines.h"

namespace brahe::energy {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;

class HwmonMeterTest : public testing::Test {
 protected:
  HwmonMeterTest() { options_.sysfs_root = tree_.root() + "/"; }

  // Opens the meter and takes the first sample.
  void Start() {
    auto meter = HwmonMeter::Open(options_, clock_);
    ASSERT_TRUE(meter) << meter.error().message;
    meter_ = *std::move(meter);
    meter_->Sample();
    meter_->Collect({.end = clock_.Now()});
  }
  void Sample(Nanoseconds after = Seconds(1)) {
    clock_.Advance(after);
    meter_->Sample();
  }
  // What an epoch used that ends now with a sample.
  std::vector<std::optional<Microjoules>> Epoch(Nanoseconds after = Seconds(1)) {
    Sample(after);
    return meter_->Collect({.end = clock_.Now()}).used;
  }
  [[nodiscard]] std::string OpenError() const {
    const auto meter = HwmonMeter::Open(options_, clock_);
    return meter ? "no error" : meter.error().message;
  }
  void AddMeter(const std::string& microwatts) const { tree_.AddAcpiMeter(0, kMeter, "", microwatts); }
  void SetMeter(const std::string& microwatts) const { tree_.WriteToDevice(kMeter, "power1_average", microwatts); }

  static constexpr const char* kMeter = "LNXSYSTM:00/ACPI000D:00";

  LogLines log_;
  HwmonTree tree_;
  FakeClock clock_;
  MeterOptions options_;
  std::unique_ptr<EnergyMeter> meter_;
};

TEST_F(HwmonMeterTest, APowerIsMadeIntoEnergyByTheReadingsWithinTheEpoch) {
  AddMeter("100000000");
  Start();
  EXPECT_EQ(meter_->States()[0].source, "hwmon");
  EXPECT_TRUE(meter_->States()[0].measured);
  EXPECT_THAT(meter_->MaxSampleInterval(), Optional(Seconds(1)));
  SetMeter("200000000");
  Sample();  // 150 J
  Sample();  // 200 J
  SetMeter("0");
  EXPECT_THAT(Epoch(), ElementsAre(Joules(150 + 200 + 100)));
  SetMeter("1");  // what is below a microjoule stays for later
  EXPECT_THAT(Epoch(), ElementsAre(Microjoules{0}));
  EXPECT_THAT(Epoch(), ElementsAre(Microjoules{1}));
}

TEST_F(HwmonMeterTest, AnEpochEndsAtItsCutAndNotAtASample) {
  AddMeter("100000000");
  Start();
  Sample(Seconds(2));
  EXPECT_THAT(meter_->Collect({.end = clock_.Now() - Milliseconds(500)}).used, ElementsAre(Joules(150)));
  EXPECT_THAT(Epoch(), ElementsAre(Joules(150)));
}

TEST_F(HwmonMeterTest, AVoltageAndACurrentMakeAPower) {
  tree_.AddChip(0, "i2c-1/1-0040", "ina3221",
                {{"in1_label", "VDD_IN"}, {"in1_input", "19000"}, {"curr1_input", "500"}});
  Start();
  EXPECT_THAT(Epoch(), ElementsAre(Microjoules{9'500'000}));
  tree_.Set(0, "curr1_input", "-500");
  EXPECT_THAT(Epoch(), ElementsAre(std::nullopt));
}

TEST_F(HwmonMeterTest, ACounterIsReadAsItIsAndCatchesUpAfterAGap) {
  tree_.AddCpu(0, 0);
  const std::map<std::string, std::string> files = {{"energy1_label", "Esocket0"}, {"energy1_input", "1000000"}};
  tree_.AddChip(0, "platform/amd_energy.0", "amd_energy", files);
  Start();
  EXPECT_EQ(meter_->MaxSampleInterval(), std::nullopt);
  tree_.Set(0, "energy1_input", "51000000");
  EXPECT_THAT(Epoch(), ElementsAre(Joules(50)));
  tree_.RemoveChip(0, "platform/amd_energy.0");
  EXPECT_THAT(Epoch(), ElementsAre(std::nullopt));
  EXPECT_THAT(Epoch(Seconds(20)), ElementsAre(std::nullopt));
  tree_.AddChip(7, "platform/amd_energy.0", "amd_energy", files);  // under another number
  tree_.Set(7, "energy1_input", "91000000");
  EXPECT_THAT(Epoch(), ElementsAre(Joules(40)));
  tree_.Set(7, "energy1_input", "10");
  EXPECT_THAT(Epoch(), ElementsAre(Joules(0))) << "it was set back";
  EXPECT_EQ(meter_->States()[0].resets, 1U);
  EXPECT_EQ(meter_->States()[0].read_errors, 2U);
}

TEST_F(HwmonMeterTest, OfAPowerThatWasAwayNothingIsKnownForThatTime) {
  AddMeter("100000000");
  Start();
  tree_.RemoveChip(0, kMeter);
  tree_.tree().Remove("devices/" + std::string(kMeter) + "/power1_average");
  EXPECT_THAT(Epoch(Seconds(10)), ElementsAre(std::nullopt));
  AddMeter("100000000");
  EXPECT_THAT(Epoch(Seconds(10)), ElementsAre(std::nullopt)) << "there is but one reading";
  EXPECT_THAT(Epoch(), ElementsAre(Joules(100)));
}

TEST_F(HwmonMeterTest, AReadingThatFailsOnceIsBridgedByItsNeighbours) {
  AddMeter("100000000");
  Start();
  SetMeter("nonsense");
  Sample();
  SetMeter("100000000");
  Sample();
  EXPECT_THAT(Epoch(), ElementsAre(Joules(300)));
  EXPECT_EQ(meter_->States()[0].read_errors, 1U);
}

TEST_F(HwmonMeterTest, ASensorThatDoesNotKnowIsNotBelieved) {
  AddMeter("100000000");
  Start();
  for (const char* text : {"4294967295000", "5000000001", "-1", "9223372036854775807", "99999999999999999999", ""}) {
    SetMeter(text);
    EXPECT_THAT(Epoch(), ElementsAre(std::nullopt)) << text;
    SetMeter("0");
    Epoch();
  }
  SetMeter("5000000000");
  EXPECT_THAT(Epoch(), ElementsAre(Joules(2500)));
  EXPECT_THAT(log_.lines, Contains(AllOf(HasSubstr("zone platform"), HasSubstr("tells more than 5000 W"))));
}

TEST_F(HwmonMeterTest, ABatteryTellsWhileItDischargesWhateverTheSign) {
  options_.hwmon.zones = {"platform"};
  tree_.AddChip(1, "power_supply/BAT0", "BAT0", {{"in0_input", "12000"}, {"curr0_input", "-1000"}});
  tree_.WriteToDevice("power_supply/BAT0", "type", "Battery");
  tree_.WriteToDevice("power_supply/BAT0", "status", "Charging");
  EXPECT_THAT(OpenError(), HasSubstr("is \"Charging\", and only a battery that discharges"));
  tree_.WriteToDevice("power_supply/BAT0", "status", "Discharging");
  Start();
  EXPECT_THAT(Epoch(), ElementsAre(Joules(12)));
  tree_.Set(1, "curr0_input", "1000");
  EXPECT_THAT(Epoch(), ElementsAre(Joules(12)));
  tree_.WriteToDevice("power_supply/BAT0", "status", "Full");
  EXPECT_THAT(Epoch(), ElementsAre(std::nullopt));
}

TEST_F(HwmonMeterTest, ASensorThatCannotBeReadLeavesItsNeighboursAlone) {
  tree_.AddChip(0, "p", "apm_xgene",
                {{"power1_label", "CPU power"},
                 {"power1_input", "9000000"},
                 {"power2_label", "IO power"},
                 {"power2_input", "-"}});
  Start();
  EXPECT_THAT(Epoch(), ElementsAre(Joules(9), std::nullopt));
  tree_.Set(0, "power1_input", "-");
  EXPECT_THAT(OpenError(), HasSubstr("read " + tree_.root() + "/class/hwmon/hwmon0/power1_input: \"-\""));
}

TEST_F(HwmonMeterTest, APowerOfZeroUnderLoadIsSaidToStandStill) {
  AddMeter("0");
  Start();
  for (int i = 0; i < 40; ++i) {
    Sample();
    meter_->Collect({.begin = clock_.Now() - Seconds(1), .end = clock_.Now(), .load = {Seconds(4), Seconds(4)}});
  }
  EXPECT_FALSE(meter_->States()[0].measured);
  EXPECT_THAT(log_.lines, Contains(AllOf(HasSubstr("stands still"), HasSubstr("experimental.hwmon.zones"))));
}

TEST_F(HwmonMeterTest, APowerIsBridgedOverAShortRestartAndNotKnownOverALongOne) {
  AddMeter("333333333");
  Start();
  Microjoules total;
  const auto restart = [&](Nanoseconds gap) {
    const MeterState state = meter_->State();
    clock_.Advance(gap);
    auto meter = HwmonMeter::Open(options_, clock_);
    EXPECT_TRUE(meter);
    meter_ = *std::move(meter);
    meter_->Resume(state);
    return Epoch({}).front();
  };
  const Nanoseconds start = clock_.Now();
  for (int i = 0; i < 10; ++i) {
    total += *Epoch({333'333'333}).front();
    const auto used = restart({777'777'777});
    ASSERT_TRUE(used);
    total += *used;
  }
  // Nothing is lost to rounding.
  EXPECT_EQ(total, EnergyOf({333'333'333}, clock_.Now() - start));
  EXPECT_EQ(restart(Seconds(100)), std::nullopt);
  EXPECT_THAT(log_.lines, Contains(AllOf(HasSubstr("W hwmon: the energy of the 100 s"), HasSubstr("for platform"))));
  EXPECT_NEAR(static_cast<double>(Epoch(Seconds(3)).front().value_or(Microjoules{}).value), 1e9, 1);
}

TEST_F(HwmonMeterTest, AStateOfACounterIsNoStateOfAPower) {
  AddMeter("5000000");
  Start();
  MeterState state = meter_->State();
  state.zones[0].power.reset();
  Start();
  meter_->Resume(state);
  EXPECT_EQ(Epoch(Milliseconds(10)).front(), std::nullopt);
}

}  // namespace
}  // namespace brahe::energy
