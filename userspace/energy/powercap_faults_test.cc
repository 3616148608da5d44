// What PowercapMeter does when zones vanish, return, break and change places.
#include <gmock/gmock.h>

#include <filesystem>
#include <random>

#include "userspace/energy/log_lines.h"
#include "userspace/energy/powercap_fixture.h"

namespace brahe::energy {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// core, package and psys stand in this order in an epoch.
class PowercapFaultsTest : public PowercapTest {
 protected:
  PowercapFaultsTest() {
    AddZone("intel-rapl:0", "package-0");
    AddZone("intel-rapl:0:0", "core");
    AddZone("intel-rapl:1", "psys");
  }
  void SetAll(uint64_t energy_uj) const {
    for (const char* folder : {"intel-rapl:0:0", "intel-rapl:0", "intel-rapl:1"}) Set(folder, energy_uj);
  }
  [[nodiscard]] uint64_t PackageErrors() const { return meter_->States()[1].read_errors; }

  LogLines log_;
};

TEST_F(PowercapFaultsTest, AZoneThatVanishesLeavesItsNeighboursAlone) {
  Start();
  SetAll(5'000'000);
  RemoveCounter("intel-rapl:0");
  EXPECT_THAT(Epoch().used, ElementsAre(Joules(5), std::nullopt, Joules(5)));
  EXPECT_THAT(Epoch().used, ElementsAre(Joules(0), std::nullopt, Joules(0)));
  EXPECT_EQ(PackageErrors(), 2u);
  EXPECT_EQ(meter_->States()[0].read_errors, 0u);
}

TEST_F(PowercapFaultsTest, AZoneThatReturnsIsChargedItsWholeGapAtOnce) {
  Start();
  Set("intel-rapl:0", 4'000'000);
  Epoch();
  RemoveCounter("intel-rapl:0");
  Epoch();
  Epoch();
  Set("intel-rapl:0", 64'000'000);
  EXPECT_EQ(Epoch().used[1], Joules(60));
  EXPECT_EQ(PackageErrors(), 2u);
  EXPECT_EQ(meter_->States()[1].resets, 0u);
}

TEST_F(PowercapFaultsTest, AGapMayHoldAWrapAndIsJudgedByItsWholeLength) {
  Start();
  Set("intel-rapl:0", 200'000'000'000);
  EXPECT_EQ(Epoch(Seconds(100)).used[1], Joules(200'000));
  RemoveCounter("intel-rapl:0");
  Epoch(Seconds(10));
  Set("intel-rapl:0", 10'000'000'000);  // 72 kJ in 20 s
  EXPECT_EQ(Epoch(Seconds(10)).used[1], Microjoules{kRange - 190'000'000'000});
}

TEST_F(PowercapFaultsTest, AZoneThatReturnsWithAFreshCounterWasReset) {
  Start();
  Set("intel-rapl:0", 10'000'000'000);
  Epoch(Seconds(100));
  RemoveCounter("intel-rapl:0");
  Epoch();
  Set("intel-rapl:0", 3);
  EXPECT_EQ(Epoch().used[1], Joules(0));
  Set("intel-rapl:0", 1'000'003);
  EXPECT_EQ(Epoch().used[1], Joules(1));
  EXPECT_EQ(meter_->States()[1].resets, 1u);
}

TEST_F(PowercapFaultsTest, WhatAFailingZoneUsedBeforeStaysPendingUntilItReadsAgain) {
  Start();
  Set("intel-rapl:0", 7'000'000);
  Sample();
  RemoveCounter("intel-rapl:0");
  EXPECT_EQ(Epoch().used[1], std::nullopt);
  Set("intel-rapl:0", 9'000'000);
  EXPECT_EQ(Epoch().used[1], Joules(9));
}

TEST_F(PowercapFaultsTest, AFaultThatIsOverWhenTheEpochEndsIsOnlyCounted) {
  Start();
  RemoveCounter("intel-rapl:0");
  Sample();
  Set("intel-rapl:0", 9'000'000);
  EXPECT_EQ(Epoch().used[1], Joules(9));
  EXPECT_EQ(PackageErrors(), 1u);
}

TEST_F(PowercapFaultsTest, AZoneUnreadableFromTheStartIsListedAndTriedAgain) {
  Break("intel-rapl:0");
  Start();
  ASSERT_EQ(meter_->zones().size(), 3u);
  EXPECT_THAT(Collect().used, ElementsAre(Joules(0), std::nullopt, Joules(0)));
  RemoveCounter("intel-rapl:0");
  Set("intel-rapl:0", 50'000'000);
  EXPECT_EQ(Epoch().used[1], std::nullopt) << "where it stood when the epoch began is not known";
  Set("intel-rapl:0", 51'000'000);
  EXPECT_EQ(Epoch().used[1], Joules(1));
}

TEST_F(PowercapFaultsTest, GarbageSpoilsOnlyItsOwnZone) {
  Start();
  for (const char* garbage : {"", "pear\n", "-1\n"}) {
    SetAll(2'000'000);
    tree_.Write(Folder("intel-rapl:0") + "/energy_uj", garbage);
    EXPECT_EQ(Epoch().used[1], std::nullopt);
  }
  EXPECT_EQ(PackageErrors(), 3u);
  EXPECT_EQ(meter_->States()[0].read_errors + meter_->States()[2].read_errors, 0u);
  Set("intel-rapl:0", 3'000'000);
  EXPECT_THAT(Epoch().used, ElementsAre(Joules(0), Joules(3), Joules(0)));
}

TEST_F(PowercapFaultsTest, AReplacedFileIsNoticedAndOpenedAnew) {
  Start();
  tree_.Write("new", "6000000\n");
  std::filesystem::rename(tree_.At("new"), tree_.At(Folder("intel-rapl:0") + "/energy_uj"));
  EXPECT_EQ(Epoch().used[1], std::nullopt);
  EXPECT_EQ(Epoch().used[1], Joules(6));
}

TEST_F(PowercapFaultsTest, ZonesThatReturnUnderOtherNumbersAreFoundByName) {
  AddZone("intel-rapl:2", "package-1", 80'000'000);
  AddZone("intel-rapl:2:0", "core", 30'000'000);
  Start();  // core of 0 and 1, package 0 and 1, psys
  tree_.Remove("class/powercap");
  EXPECT_THAT(Epoch().used, ElementsAre(std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt));
  AddZone("intel-rapl:0", "package-1", 81'000'000);
  AddZone("intel-rapl:0:0", "core", 32'000'000);
  AddZone("intel-rapl:1", "package-0", 3'000'000);
  AddZone("intel-rapl:1:0", "core", 4'000'000);
  AddZone("intel-rapl:2", "psys", 5'000'000);
  EXPECT_THAT(Epoch().used, ElementsAre(Joules(4), Joules(2), Joules(3), Joules(1), Joules(5)));
  EXPECT_EQ(meter_->zones()[2].path, tree_.At("class/powercap/intel-rapl:0")) << "labels stay";
}

TEST_F(PowercapFaultsTest, AFolderThatNowHoldsAnotherZoneIsNotMistakenForTheOldOne) {
  Start();
  tree_.Remove("class/powercap/intel-rapl:0");
  AddZone("intel-rapl:0", "package-7", 9'000'000);
  Epoch();
  EXPECT_EQ(Epoch().used[1], std::nullopt);
}

TEST_F(PowercapFaultsTest, ARangeThatIsNotKnownIsSaidOnceAndMakesAWrapAReset) {
  tree_.Remove(Folder("intel-rapl:0") + "/max_energy_range_uj");
  Set("intel-rapl:0", kRange - 5);
  Start();
  EXPECT_THAT(log_.lines, ElementsAre(AllOf(HasSubstr("W "), HasSubstr("package"), HasSubstr("range is not known"),
                                            HasSubstr("max_energy_range_uj: No such file"))));
  Set("intel-rapl:0", 5);
  EXPECT_EQ(Epoch().used[1], Joules(0));
  EXPECT_EQ(meter_->States()[1].resets, 1u);
}

TEST_F(PowercapFaultsTest, AFaultAndItsEndAreSaidOnce) {
  Start();
  EXPECT_THAT(log_.lines, IsEmpty());
  RemoveCounter("intel-rapl:0");
  for (int i = 0; i < 5; ++i) Epoch();
  Set("intel-rapl:0", 12'000'000);
  for (int i = 0; i < 5; ++i) Epoch();
  EXPECT_THAT(log_.lines,
              ElementsAre(AllOf(HasSubstr("W "), HasSubstr("zone package of socket 0"), HasSubstr("No such device")),
                          AllOf(HasSubstr("I "), HasSubstr("in the 6 s"), HasSubstr("12000000 uJ"))));
}

TEST_F(PowercapFaultsTest, ResetsAreSaidOnce) {
  Start();
  for (int i = 0; i < 3; ++i) {
    Set("intel-rapl:0", 100'000'000'000);
    Epoch();
    Set("intel-rapl:0", 0);
    Epoch();
  }
  EXPECT_EQ(meter_->States()[1].resets, 6u);
  EXPECT_THAT(log_.lines, ElementsAre(AllOf(HasSubstr("W "), HasSubstr("was reset"))));
}

// Whatever fails in between: once all zones read again, all energy has been given out, once.
TEST_F(PowercapFaultsTest, NoFaultLosesOrDoublesEnergy) {
  std::mt19937_64 random(11);
  for (int walk = 0; walk < 20; ++walk) {
    const uint64_t range = 1'000'000'000 + random() % 1'000'000'000;
    AddZone("intel-rapl:0", "package-0", 0, range);
    Start();
    uint64_t total = 0, collected = 0;
    const auto set = [&] { Set("intel-rapl:0", total % range); };
    for (int i = 0; i < 60; ++i) {
      total += random() % 20'000'000;
      switch (i < 59 ? random() % 6 : 0) {
        case 0:
          RemoveCounter("intel-rapl:0");
          set();
          break;
        case 1:
          Break("intel-rapl:0");
          break;
        case 2:
          tree_.Remove("class/powercap/intel-rapl:0");
          break;
        case 3:
          RemoveCounter("intel-rapl:0");
          tree_.Write(Folder("intel-rapl:0") + "/energy_uj", "garbage");
          break;
        default:
          RemoveCounter("intel-rapl:0");
          AddZone("intel-rapl:0", "package-0", total % range, range);
      }
      Sample();
      if (random() % 3 == 0) collected += Collect().used[1].value_or(Microjoules{}).value;
    }
    AddZone("intel-rapl:0", "package-0", total % range, range);
    Sample();
    collected += Collect().used[1].value_or(Microjoules{}).value;
    EXPECT_EQ(meter_->States()[1].resets, 0u);
    EXPECT_EQ(collected, total);
  }
}

}  // namespace
}  // namespace brahe::energy
