#include "userspace/energy/meters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "userspace/base/fake_clock.h"
#include "userspace/base/temp_tree.h"
#include "userspace/energy/log_lines.h"

namespace brahe::energy {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class MetersTest : public testing::Test {
 protected:
  MetersTest() { options_.sysfs_root = options_.procfs_root = options_.dev_root = tree_.path(); }
  void AddRapl() const {
    tree_.Write("class/powercap/intel-rapl:0/name", "package-0\n");
    tree_.Write("class/powercap/intel-rapl:0/energy_uj", "1\n");
    tree_.Write("class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850\n");
  }
  void AddHwmon() const {
    tree_.Write("class/hwmon/hwmon0/name", "power_meter\n");
    tree_.Write("class/hwmon/hwmon0/power1_average", "1\n");
  }
  [[nodiscard]] Result<std::unique_ptr<EnergyMeter>> Choose(std::vector<std::string> preferred) {
    options_.preferred = std::move(preferred);
    return ChooseMeter(options_, clock_);
  }

  // Of its zones, in their order: "rapl", or "rapl, hwmon".
  static std::string SourcesOf(const Result<std::unique_ptr<EnergyMeter>>& meter) {
    std::string sources;
    for (const ZoneState& state : (*meter)->States()) sources += (sources.empty() ? "" : ", ") + state.source;
    return sources;
  }

  [[nodiscard]] int64_t Warnings() const {
    return std::count_if(log_.lines.begin(), log_.lines.end(),
                         [](const std::string& line) { return line.starts_with("W "); });
  }

  TempTree tree_;
  FakeClock clock_;
  MeterOptions options_;
  LogLines log_;
};

TEST_F(MetersTest, TakesEachZoneFromTheFirstThatWorksForIt) {
  AddRapl();
  EXPECT_EQ(SourcesOf(Choose({"rapl", "model"})), "rapl");
  EXPECT_EQ(SourcesOf(Choose({"model", "rapl"})), "model");
  EXPECT_EQ(SourcesOf(Choose({"rapl", "fake"})), "rapl") << "nothing made up beside a sensor";
  EXPECT_EQ(SourcesOf(Choose({"fake"})), "fake, fake, fake");
}

TEST_F(MetersTest, MeasuringIsNothingToWarnOf) {
  AddRapl();
  ASSERT_TRUE(Choose({"rapl", "model"}));
  EXPECT_THAT(log_.lines, ElementsAre(HasSubstr("I Energy meter: rapl")));
}

TEST_F(MetersTest, SaysWhyAMeterIsNotUsedAndWarnsOnceOfAnEstimate) {
  ASSERT_TRUE(Choose({"rapl", "model"}));
  EXPECT_THAT(log_.lines,
              ElementsAre(AllOf(HasSubstr("I "), HasSubstr("rapl"), HasSubstr(tree_.path() + "/class/powercap")),
                          HasSubstr("I Energy meter: model: package"), HasSubstr("I Energy model: no figures"),
                          AllOf(HasSubstr("W "), HasSubstr("estimated"), HasSubstr("intel_rapl_msr"))));
}

TEST_F(MetersTest, PerfAndHwmonAreTriedBetweenPowercapAndTheModel) {
  tree_.Write("bus/event_source/devices/power/type", "9\n");
  tree_.MakeFolder("bus/event_source/devices/power/events");
  const auto meter = ChooseMeter(options_, clock_);
  ASSERT_TRUE(meter);
  EXPECT_EQ(SourcesOf(meter), "model");
  ASSERT_EQ(log_.lines.size(), 6u);
  EXPECT_THAT(log_.lines[0], HasSubstr("I Energy meter rapl is not used"));
  EXPECT_THAT(log_.lines[1], HasSubstr("I Energy meter perf is not used: no energy events in " + tree_.path()));
  EXPECT_THAT(log_.lines[2], HasSubstr("I Energy meter hwmon is not used: list " + tree_.path() + "/class/hwmon"));
  AddHwmon();
  EXPECT_EQ(SourcesOf(ChooseMeter(options_, clock_)), "hwmon");
}

TEST_F(MetersTest, WarnsOfMadeUpEnergy) {
  ASSERT_TRUE(Choose({"fake"}));
  EXPECT_THAT(log_.lines.back(), AllOf(HasSubstr("W "), HasSubstr("made up")));
}

TEST_F(MetersTest, HwmonIsTriedWhereTheListHasIt) {
  AddHwmon();
  EXPECT_EQ(SourcesOf(Choose({"rapl", "hwmon"})), "hwmon");
  log_.lines.clear();
  EXPECT_EQ(SourcesOf(Choose({"hwmon"})), "hwmon");
  EXPECT_THAT(log_.lines, ElementsAre(HasSubstr("I Energy meter: hwmon")));
  AddRapl();
  EXPECT_EQ(SourcesOf(Choose({"rapl", "hwmon"})), "rapl, hwmon");
  EXPECT_EQ(SourcesOf(Choose({"hwmon", "rapl"})), "hwmon, rapl");
  EXPECT_THAT(log_.lines.back(), HasSubstr("I Energy meter: hwmon: platform; rapl: package"));
}

TEST_F(MetersTest, WhatWasAskedForAndIsNotThereIsSaidBesideASensorThatIs) {
  AddRapl();
  AddHwmon();
  options_.hwmon.zones = {"platfrom"};
  ASSERT_TRUE(Choose({"rapl", "hwmon", "msr"}));
  ASSERT_EQ(log_.lines.size(), 3u);
  EXPECT_THAT(log_.lines[0], AllOf(HasSubstr("I Energy meter hwmon is not used"), HasSubstr("platfrom")));
  EXPECT_THAT(log_.lines[1], HasSubstr("I Energy meter msr is not used"));
}

TEST_F(MetersTest, HwmonIsTriedBeforeAllOthersIfItIsForced) {
  AddRapl();
  options_.hwmon.force = true;
  EXPECT_EQ(SourcesOf(Choose({"rapl"})), "rapl") << "there is none";
  AddHwmon();
  EXPECT_EQ(SourcesOf(Choose({"rapl"})), "hwmon, rapl");
  EXPECT_EQ(SourcesOf(Choose({"rapl", "hwmon"})), "hwmon, rapl");
}

TEST_F(MetersTest, AListInKeplersWordsGoesOnWithTheDefaultOrder) {
  for (const std::vector<std::string>& list : {std::vector<std::string>{"rapl", "hwmon"}, {"hwmon"}, {"msr", "rapl"}}) {
    log_.lines.clear();
    const auto meter = Choose(list);
    ASSERT_TRUE(meter) << meter.error().message;
    EXPECT_EQ(SourcesOf(meter), "model");
    EXPECT_FALSE((*meter)->States()[0].measured);
    EXPECT_THAT(log_.lines.back(), AllOf(HasSubstr("W "), HasSubstr("estimated"), HasSubstr("none of " + list[0])));
    EXPECT_EQ(Warnings(), 1);
  }
  AddRapl();
  EXPECT_EQ(SourcesOf(Choose({"hwmon", "model"})), "model") << "in the order of the list";
  EXPECT_EQ(SourcesOf(Choose({"hwmon"})), "rapl") << "measured is better than estimated";
  log_.lines.clear();
  EXPECT_EQ(SourcesOf(Choose({"rapl", "hwmon"})), "rapl");
  EXPECT_THAT(log_.lines, ElementsAre(HasSubstr("I Energy meter: rapl")));
}

TEST_F(MetersTest, AListOfSensorsThatAreHereIsTakenAtItsWord) {
  for (const std::vector<std::string>& list : {std::vector<std::string>{"rapl"}, {"rapl", "perf"}}) {
    const auto meter = Choose(list);
    ASSERT_FALSE(meter);
    EXPECT_THAT(meter.error().message,
                AllOf(HasSubstr("rapl: list "), HasSubstr("to start without a sensor, add model to the list")));
  }
}

TEST_F(MetersTest, TheModelHasWhatItIsAskedForBesideASensor) {
  AddRapl();
  tree_.Write("meminfo", "MemTotal: 1048576 kB\n");
  EXPECT_EQ(SourcesOf(Choose({"rapl", "model"})), "rapl");
  options_.model_dram_per_gib = {400'000};
  const auto meter = Choose({"rapl", "model"});
  EXPECT_EQ(SourcesOf(meter), "rapl, model");
  EXPECT_EQ((*meter)->zones()[1].name, "dram");
  EXPECT_THAT(log_.lines.back(), HasSubstr("I Energy meter: rapl: package; model: dram"));
}

// A virtual machine's counters may be there and stand still.
TEST_F(MetersTest, TheModelTakesThePlaceOfCountersThatDoNotMove) {
  AddRapl();
  const auto meter = Choose({"rapl", "model"});
  const CpuLoad busy{.capacity = Seconds(8), .busy = Seconds(8)};
  EnergyEpoch last;
  for (int i = 0; i < 40; ++i) {
    (*meter)->Sample();
    clock_.Advance(Seconds(1));
    const Nanoseconds now = clock_.Now();
    last = (*meter)->Collect({.begin = now - Seconds(1), .end = now, .load = busy, .sockets = {{0, busy}}});
  }
  EXPECT_EQ(SourcesOf(meter), "model");
  EXPECT_EQ(last.used.at(0), Joules(24)) << "8 CPUs at the 3 W of a machine that is not known";
  EXPECT_THAT(log_.lines.back(), HasSubstr("model takes its place"));
}

TEST_F(MetersTest, AnUnknownNameIsAnErrorThatListsTheKnown) {
  AddRapl();
  const auto meter = Choose({"rapl", "modle"});
  ASSERT_FALSE(meter);
  EXPECT_THAT(meter.error().message, AllOf(HasSubstr("\"modle\""), HasSubstr("rapl, perf, hwmon, model, fake")));
  EXPECT_FALSE(Choose({}));
}

TEST_F(MetersTest, WhereNoneWorksTheErrorTellsWhyOfEach) {
  options_.model_idle_per_cpu = Watts(50);
  const auto meter = Choose({"rapl", "model"});
  ASSERT_FALSE(meter);
  EXPECT_THAT(meter.error().message,
              AllOf(HasSubstr("rapl: list "), HasSubstr("model: a busy CPU"), Not(HasSubstr("add model"))));
}

}  // namespace
}  // namespace brahe::energy
