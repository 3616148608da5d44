#include "userspace/energy/powercap_meter.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <vector>

#include "userspace/base/capabilities.h"
#include "userspace/energy/powercap_fixture.h"
#include "userspace/energy/recorded_tree.h"
#include "userspace/energy/slow_clock.h"

namespace brahe::energy {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;

using PowercapMeterTest = PowercapTest;

// By which root reads all files.
const std::vector<cap_value_t> kOverrides = {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH};

TEST_F(PowercapMeterTest, GivesEachZoneTheEnergyOfTheEpoch) {
  AddZone("intel-rapl:0", "package-0", 1'000'000);
  AddZone("intel-rapl:0:0", "core", 500'000);
  Start();
  EXPECT_EQ(meter_->States()[0].source, "rapl");
  EXPECT_TRUE(meter_->States()[0].measured);
  EXPECT_EQ(meter_->zones()[0].name, "core");
  EXPECT_EQ(meter_->zones()[1].path, tree_.At("class/powercap/intel-rapl:0"));
  Set("intel-rapl:0", 21'000'000);
  Set("intel-rapl:0:0", 500'007);
  EXPECT_THAT(Epoch().used, ElementsAre(Microjoules{7}, Joules(20)));
  EXPECT_THAT(Epoch().used, ElementsAre(Joules(0), Joules(0)));
}

TEST_F(PowercapMeterTest, TheFirstSampleOnlyNotesWhereTheCountersStand) {
  AddZone("intel-rapl:0", "package-0", 99'000'000);
  Start();
  EXPECT_THAT(Collect().used, ElementsAre(Joules(0)));
}

TEST_F(PowercapMeterTest, AddsUpAllSamplesOfAnEpoch) {
  AddZone("intel-rapl:0", "package-0", 0, 100'000'000);
  Start();
  for (const uint64_t energy_uj : {60'000'000, 20'000'000, 80'000'000}) {  // wraps once
    Set("intel-rapl:0", energy_uj);
    Sample();
  }
  Set("intel-rapl:0", 40'000'000);  // and again
  EXPECT_THAT(Epoch().used, ElementsAre(Joules(240)));
  EXPECT_EQ(meter_->States()[0].resets, 0u);
}

TEST_F(PowercapMeterTest, CountsAResetAndChargesOnlyTheEpochsOtherSteps) {
  AddZone("intel-rapl:0", "package-0", 10'000'000'000);
  Start();
  Set("intel-rapl:0", 10'005'000'000);
  Sample();
  Set("intel-rapl:0", 0);
  Sample();
  Set("intel-rapl:0", 2'000'000);
  EXPECT_THAT(Epoch().used, ElementsAre(Joules(5 + 2)));
  EXPECT_EQ(meter_->States()[0].resets, 1u);
  EXPECT_EQ(meter_->States()[0].read_errors, 0u);
}

// From 242.0 kJ of 262.1 kJ to 5 J: a wrap would be 20.1 kJ in 5 s, 4 kW.
TEST_F(PowercapMeterTest, AResetNearTheTopCostsNothing) {
  AddZone("intel-rapl:0", "package-0", 242'000'000'000);
  AddZone("intel-rapl:1", "psys", 242'000'000'000);
  Start();
  for (const char* folder : {"intel-rapl:0", "intel-rapl:1"}) Set(folder, 5'000'000);
  EXPECT_THAT(Epoch(Seconds(5)).used, ElementsAre(Joules(0), Joules(0)));
  EXPECT_EQ(meter_->States()[0].resets, 1u);
  EXPECT_EQ(meter_->States()[1].resets, 1u);
}

// The last joules of the range: what tells the two apart is what the zone can use.
TEST_F(PowercapMeterTest, TheLargestMaxPowerOfItsConstraintsTellsAWrapFromAReset) {
  AddZone("intel-rapl:0", "package-0", kRange - 1'000'000'000);
  AddZone("intel-rapl:1", "package-1", kRange - 1'000'000'000);
  SetMaxPower("intel-rapl:0", 0, Watts(15));
  SetMaxPower("intel-rapl:0", 1, {});
  SetMaxPower("intel-rapl:1", 0, Watts(15));
  SetMaxPower("intel-rapl:1", 2, Watts(45));
  Start();
  for (const char* folder : {"intel-rapl:0", "intel-rapl:1"}) Set(folder, 100'000'000);  // 1.1 kJ in 5 s, 220 W
  EXPECT_THAT(Epoch(Seconds(5)).used, ElementsAre(Joules(0), Joules(1100)));
  EXPECT_EQ(meter_->States()[0].resets, 1u);
  EXPECT_EQ(meter_->States()[1].resets, 0u);
}

TEST_F(PowercapMeterTest, AZoneMayWrapAtTwiceThePowerThatWasObserved) {
  AddZone("intel-rapl:0", "package-0", kRange - 17'000'000'000);
  Start();
  Set("intel-rapl:0", kRange - 12'000'000'000);
  EXPECT_EQ(Epoch(Seconds(5)).used[0], Joules(5'000));
  Set("intel-rapl:0", kRange - 7'500'000'000);
  EXPECT_EQ(Epoch(Seconds(3)).used[0], Joules(4'500));  // 1.5 kW
  Set("intel-rapl:0", 0);
  EXPECT_EQ(Epoch(Seconds(3)).used[0], Joules(7'500));  // 2.5 kW
  EXPECT_EQ(meter_->States()[0].resets, 0u);
}

TEST_F(PowercapMeterTest, AWrapDoesNotRaiseTheCeilingOfTheNext) {
  AddZone("intel-rapl:0", "package-0", kRange - 5'000'000'000);
  Start();
  Set("intel-rapl:0", 0);
  EXPECT_EQ(Epoch(Seconds(5)).used[0], Joules(5'000));  // 1 kW
  Set("intel-rapl:0", 242'000'000'000);
  EXPECT_EQ(Epoch(Seconds(3000)).used[0], Joules(242'000));
  Set("intel-rapl:0", 5'000'000);
  EXPECT_EQ(Epoch(Seconds(15)).used[0], Joules(0)) << "1.3 kW";
}

TEST_F(PowercapMeterTest, ACounterThatFellWhileTheMachineSleptIsNotAWrap) {
  AddZone("intel-rapl:0", "package-0", kRange - 3'000'000);
  Start();
  Set("intel-rapl:0", 4'000'000);
  clock_.Suspend(Seconds(3600));
  EXPECT_EQ(Epoch().used[0], Joules(0));
  EXPECT_EQ(meter_->States()[0].resets, 1u);
  Set("intel-rapl:0", 6'000'000);
  EXPECT_EQ(Epoch().used[0], Joules(2));
}

TEST_F(PowercapMeterTest, TakesPlausiblePowerFromTheOptions) {
  options_.plausible_power = Watts(100);
  AddZone("intel-rapl:0", "package-0");
  Start();
  Set("intel-rapl:0", 200'000'000);
  EXPECT_THAT(Epoch().used, ElementsAre(Joules(0)));
  EXPECT_EQ(meter_->States()[0].resets, 1u);
}

TEST_F(PowercapMeterTest, AReadingsTimeIsTheMiddleBetweenTheClockBeforeAndAfterIt) {
  AddZone("intel-rapl:0", "package-0");
  AddZone("intel-rapl:1", "package-1");
  const SlowClock clock;
  const auto meter = PowercapMeter::Open(options_, clock);
  ASSERT_TRUE(meter) << meter.error().message;
  const Nanoseconds cut = clock.Now();
  (*meter)->Sample();
  EXPECT_THAT((*meter)->Collect({.end = cut}).read_lags, ElementsAre(Milliseconds(15), Milliseconds(35)));
}

TEST_F(PowercapMeterTest, ReadsTheRecordedLaptop) {
  UnpackTree("testdata/energy/laptop.tree", tree_);
  Start();
  ASSERT_EQ(meter_->zones().size(), 5u);  // the MMIO package is a duplicate
  const std::string package = "devices/virtual/powercap/intel-rapl/intel-rapl:0";
  tree_.Write(package + "/energy_uj", "158243437621\n");
  tree_.Write(package + "/intel-rapl:0:2/energy_uj", "40214377914\n");
  EXPECT_THAT(Epoch().used, ElementsAre(Joules(0), Joules(1), Joules(13), Joules(0), Joules(0)));
}

TEST_F(PowercapMeterTest, WrapsEachZoneOfTheRecordedServerByItsOwnRange) {
  UnpackTree("testdata/energy/server.tree", tree_);
  Start();
  const std::string package = "devices/virtual/powercap/intel-rapl/intel-rapl:2";
  tree_.Write(package + "/energy_uj", "6672384\n");              // 3,327,616 before the end
  tree_.Write(package + "/intel-rapl:2:0/energy_uj", "1164\n");  // 2,498,836 before the end
  EXPECT_THAT(Epoch().used, ElementsAre(Joules(0), Microjoules{2'500'000}, Joules(0), Joules(10), Joules(0)));
}

TEST_F(PowercapMeterTest, ReadsOnlyTheZonesThatAreAskedFor) {
  UnpackTree("testdata/energy/laptop.tree", tree_);
  options_.zones = {"dram", "Package-0", "gpu"};
  Start();
  ASSERT_EQ(meter_->zones().size(), 2u);
  EXPECT_EQ(meter_->zones()[0].name, "dram");
  EXPECT_EQ(meter_->zones()[1].name, "package");
  EXPECT_EQ(Collect().used.size(), 2u);
  options_.zones = {"gpu"};
  EXPECT_THAT(OpenError(), AllOf(HasSubstr("gpu"), HasSubstr("core, dram, package, psys, uncore")));
}

TEST_F(PowercapMeterTest, ARootWithASlashAtItsEndIsTheSameRoot) {
  AddZone("intel-rapl:0", "package-0");
  options_.sysfs_root = tree_.path() + "/";
  Start();
  EXPECT_EQ(meter_->zones()[0].path, tree_.At("class/powercap/intel-rapl:0"));
}

TEST_F(PowercapMeterTest, WantsASampleWellBeforeTheSmallestCounterHasGoneAround) {
  AddZone("intel-rapl:0", "package-0", 0, kRange);
  AddZone("intel-rapl:0:0", "dram", 0, 40'000'000'000);
  AddZone("intel-rapl:1", "psys", 0, 0);
  Start();
  EXPECT_THAT(meter_->MaxSampleInterval(), Optional(Seconds(4)));
}

TEST_F(PowercapMeterTest, WantsASampleSoOftenThatAResetIsToldFromAWrap) {
  AddZone("intel-rapl:0", "package-0", 0, kRange);
  Start();
  EXPECT_THAT(meter_->MaxSampleInterval(), Optional(Seconds(5)));
}

TEST_F(PowercapMeterTest, NeverWantsMoreThanOneSampleASecond) {
  AddZone("intel-rapl:0", "package-0", 0, 1'000'000);
  Start();
  EXPECT_THAT(meter_->MaxSampleInterval(), Optional(Seconds(1)));
}

TEST_F(PowercapMeterTest, NeedsNoSampleBetweenEpochsWhereNoRangeIsKnown) {
  AddZone("intel-rapl:0", "package-0", 0, 0);
  Start();
  EXPECT_EQ(meter_->MaxSampleInterval(), std::nullopt);
}

TEST_F(PowercapMeterTest, WithoutPowercapTheErrorNamesTheFolderAndTheRemedy) {
  EXPECT_THAT(OpenError(), AllOf(HasSubstr("list " + tree_.path() + "/class/powercap: No such file"),
                                 HasSubstr("intel_rapl_msr"), HasSubstr("host.sysfs")));
}

TEST_F(PowercapMeterTest, WithoutAnyRaplZoneTheErrorSaysThatTheMachineOrTheDriverLacksIt) {
  tree_.MakeFolder("class/powercap/intel-rapl");
  EXPECT_THAT(OpenError(), AllOf(HasSubstr("no RAPL zone in"), HasSubstr("modprobe intel_rapl_msr")));
}

TEST_F(PowercapMeterTest, WhereAContainerHidesTheZonesTheErrorSaysSo) {
  tree_.Link("class/powercap/intel-rapl:0", "../../devices/virtual/powercap/intel-rapl/intel-rapl:0");
  EXPECT_THAT(OpenError(), AllOf(HasSubstr("intel-rapl:0/name"), HasSubstr("container"), HasSubstr("host.sysfs")));
}

TEST_F(PowercapMeterTest, AFolderThatMayNotBeListedIsAMatterOfPermission) {
  AddZone("intel-rapl:0", "package-0");
  chmod(tree_.At("class/powercap").c_str(), 0);
  std::string error;
  {
    const WithoutCapabilities no_override(kOverrides);
    error = OpenError();
  }
  chmod(tree_.At("class/powercap").c_str(), 0700);
  EXPECT_THAT(error, AllOf(HasSubstr("/class/powercap: Permission denied"), HasSubstr("run as root")));
}

TEST_F(PowercapMeterTest, WhereNoZoneCanBeReadTheErrorSaysWhy) {
  AddZone("intel-rapl:0", "package-0");
  Break("intel-rapl:0");
  EXPECT_THAT(OpenError(),
              AllOf(HasSubstr("intel-rapl:0/energy_uj: Is a directory"), HasSubstr("no RAPL zone can be read")));
}

TEST_F(PowercapMeterTest, WithoutPermissionTheErrorSaysWhichIsNeeded) {
  AddZone("intel-rapl:0", "package-0");
  AddZone("intel-rapl:0:0", "core");
  Break("intel-rapl:0:0");
  chmod(tree_.At(Folder("intel-rapl:0") + "/energy_uj").c_str(), 0);
  const WithoutCapabilities no_override(kOverrides);
  EXPECT_THAT(OpenError(), AllOf(HasSubstr("intel-rapl:0/energy_uj: Permission denied"), HasSubstr("run as root"),
                                 HasSubstr("CAP_DAC_READ_SEARCH")));
}

TEST_F(PowercapMeterTest, FilesOpenedAtTheStartAreReadAfterPrivilegesAreDropped) {
  AddZone("intel-rapl:0", "package-0");
  Start();
  Set("intel-rapl:0", 1'000'000);
  chmod(tree_.At(Folder("intel-rapl:0") + "/energy_uj").c_str(), 0);
  const WithoutCapabilities no_override(kOverrides);
  EXPECT_THAT(Epoch().used, ElementsAre(Joules(1)));
}

}  // namespace
}  // namespace brahe::energy
