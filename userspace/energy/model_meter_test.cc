#include "userspace/energy/model_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "userspace/base/temp_tree.h"
#include "userspace/energy/log_lines.h"

namespace brahe::energy {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr LoadShape kLine = {0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000};
constexpr ModelCoefficients kCoefficients{.idle = Watts(1), .max = Watts(5), .shape = kLine};

TEST(ModelMeterTest, HasOneZoneForTheWholeMachineAndSaysThatItDoesNotMeasure) {
  const ModelMeter meter(kCoefficients);
  ASSERT_EQ(meter.zones().size(), 1u);
  EXPECT_EQ(meter.zones()[0].name, "package");
  EXPECT_EQ(meter.zones()[0].path, "model");
  EXPECT_EQ(meter.zones()[0].socket, std::nullopt);
  EXPECT_EQ(meter.zones()[0].uncertainty_ppm, std::nullopt);
  EXPECT_EQ(meter.name(), "model");
  EXPECT_FALSE(meter.measured());
  EXPECT_EQ(meter.Stats().size(), 1u);
  EXPECT_EQ(meter.MaxSampleInterval(), std::nullopt);
}

TEST(ModelMeterTest, IdleCpusUseIdlePowerAndBusyOnesMaxPower) {
  ModelMeter meter(kCoefficients);
  const auto used = [&](CpuLoad load) { return *meter.Collect({.load = load}).used.at(0); };
  EXPECT_EQ(used({.capacity = Seconds(10), .busy = {}}), Joules(10));
  EXPECT_EQ(used({.capacity = Seconds(10), .busy = Seconds(10)}), Joules(50));
  EXPECT_EQ(used({.capacity = Seconds(10), .busy = Seconds(3)}), Joules(10 + 12));
  EXPECT_EQ(used({}), Joules(0));
}

TEST(ModelMeterTest, BetweenIdleAndMaxItFollowsTheShapeFromPointToPoint) {
  ModelMeter meter(
      {.idle = Watts(1), .max = Watts(5), .shape = {0, 250, 300, 350, 400, 450, 550, 650, 750, 850, 1000}});
  const auto used = [&](uint64_t busy) {
    return meter.Collect({.load = {.capacity = Seconds(100), .busy = Seconds(busy)}}).used.at(0);
  };
  EXPECT_EQ(used(0), Joules(100));
  EXPECT_EQ(used(1), Joules(100 + 10));  // a tenth of the way to 250
  EXPECT_EQ(used(10), Joules(100 + 100));
  EXPECT_EQ(used(15), Joules(100 + 110));
  EXPECT_EQ(used(90), Joules(100 + 340));
  EXPECT_EQ(used(95), Joules(100 + 370));
  EXPECT_EQ(used(100), Joules(500));
}

TEST(ModelMeterTest, MoreWorkNeverUsesLessEnergyInAnyGeneration) {
  for (const ModelFigures& figures : AllModelFigures()) {
    Microjoules before;
    for (uint64_t busy = 0; busy <= 1000; ++busy) {
      ModelMeter meter({.idle = figures.idle, .max = figures.max, .shape = figures.shape});
      const Microjoules used = *meter.Collect({.load = {.capacity = Seconds(1000), .busy = Seconds(busy)}}).used.at(0);
      EXPECT_GE(used, before) << figures.key << " " << busy;
      before = used;
    }
    EXPECT_EQ(before, EnergyOf(figures.max, Seconds(1000))) << figures.key;
  }
}

TEST(ModelMeterTest, WhatIsCutOffIsCarriedToTheNextEpoch) {
  ModelMeter meter({.idle = {1}, .max = {1}, .shape = kLine});
  const CpuLoad load{.capacity = Milliseconds(400), .busy = Milliseconds(400)};
  EXPECT_EQ(meter.Collect({.load = load}).used.at(0), Microjoules{0});
  EXPECT_EQ(meter.Collect({.load = load}).used.at(0), Microjoules{0});
  EXPECT_EQ(meter.Collect({.load = load}).used.at(0), Microjoules{1});
}

// Only on a line, where the mean load tells the mean power.
TEST(ModelMeterTest, ManyEpochsAddUpToWhatOneWouldGive) {
  std::mt19937_64 random(3);
  const ModelCoefficients coefficients{.idle = {712'345}, .max = {3'998'877}, .shape = kLine};
  ModelMeter many(coefficients), one(coefficients);
  CpuLoad total{};
  Microjoules sum;
  for (int i = 0; i < 10'000; ++i) {
    CpuLoad load{};
    load.capacity = {random() % 10'000'000'000};
    load.busy = {random() % (load.capacity.value + 1)};
    total.capacity += load.capacity;
    total.busy += load.busy;
    sum += *many.Collect({.load = load}).used.at(0);
  }
  EXPECT_EQ(*one.Collect({.load = total}).used.at(0), sum);
}

TEST(ModelMeterTest, HugeMachinesAndLongEpochsDoNotOverflow) {
  ModelMeter meter(kCoefficients);
  const Nanoseconds month = Seconds(30ULL * 86'400) * 4096;
  EXPECT_EQ(*meter.Collect({.load = {.capacity = month, .busy = month}}).used.at(0), Joules(5ULL * 30 * 86'400 * 4096));
}

class ModelCoefficientsTest : public testing::Test {
 protected:
  [[nodiscard]] ModelCoefficients Choose() const { return *ChooseCoefficients(options_, skylake_); }

  const ModelGeneration skylake_{.figures = FindModelFigures("skylake-server"), .found_by = "a test"};
  MeterOptions options_;
};

TEST_F(ModelCoefficientsTest, AreTheGenerationsWithItsError) {
  EXPECT_EQ(Choose().idle, skylake_.figures->idle);
  EXPECT_EQ(Choose().max, skylake_.figures->max);
  EXPECT_EQ(Choose().shape, skylake_.figures->shape);
  EXPECT_EQ(Choose().uncertainty_ppm, skylake_.figures->error_ppm);
}

TEST_F(ModelCoefficientsTest, OptionsWinOverTheGenerationsEachByItselfWithItsShape) {
  options_.model_idle_per_cpu = Watts(2);
  EXPECT_EQ(Choose().idle, Watts(2));
  EXPECT_EQ(Choose().max, skylake_.figures->max);
  EXPECT_EQ(Choose().uncertainty_ppm, skylake_.figures->error_ppm);
  options_.model_max_per_cpu = Watts(9);
  EXPECT_EQ(Choose().max, Watts(9));
  EXPECT_EQ(Choose().shape, skylake_.figures->shape);
  EXPECT_EQ(Choose().uncertainty_ppm, skylake_.figures->shape_error_ppm) << "only the shape is a guess now";
}

TEST_F(ModelCoefficientsTest, OfAnUnknownMachineTheErrorIsUnknown) {
  const auto coefficients = ChooseCoefficients(options_, {});
  ASSERT_TRUE(coefficients);
  EXPECT_EQ(coefficients->idle, Microwatts{600'000});
  EXPECT_EQ(coefficients->max, Watts(3));
  EXPECT_EQ(coefficients->shape, UsualLoadShape());
  EXPECT_EQ(coefficients->uncertainty_ppm, std::nullopt);
}

TEST_F(ModelCoefficientsTest, ABusyCpuCannotUseLessThanAnIdleOne) {
  options_.model_idle_per_cpu = Watts(7);
  const auto coefficients = ChooseCoefficients(options_, skylake_);
  ASSERT_FALSE(coefficients);
  EXPECT_NE(coefficients.error().message.find("model.maxWattsPerCpu"), std::string::npos);
}

TEST(ModelMeterOpenTest, LooksAtTheMachineBelowItsRootsAndSaysWhatItTakesItFor) {
  const TempTree tree;
  tree.Write("proc/cpuinfo", "processor : 0\nCPU implementer : 0x41\nCPU part : 0xd40\n");
  tree.Write("sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
  tree.Write("sys/class/dmi/id/product_name", "m7g.large\n");
  MeterOptions options;
  options.sysfs_root = tree.At("sys");
  options.procfs_root = tree.At("proc");
  LogLines log;
  const auto meter = ModelMeter::Open(options);
  ASSERT_TRUE(meter);
  EXPECT_EQ((*meter)->zones()[0].uncertainty_ppm, FindModelFigures("neoverse-v1")->error_ppm);
  EXPECT_THAT(log.lines,
              ElementsAre(AllOf(HasSubstr("I Energy model: neoverse-v1, 0."), HasSubstr(" W busy for each CPU"),
                                HasSubstr("instance type m7g.large"), HasSubstr("0xd40"), HasSubstr(" %"))));
}

TEST(ModelMeterOpenTest, OfAnUnknownMachineItSaysThatItKnowsNothing) {
  const TempTree tree;
  MeterOptions options;
  options.sysfs_root = options.procfs_root = tree.path();
  LogLines log;
  const auto meter = ModelMeter::Open(options);
  ASSERT_TRUE(meter);
  EXPECT_EQ((*meter)->zones()[0].uncertainty_ppm, std::nullopt);
  EXPECT_THAT(log.lines,
              ElementsAre(AllOf(HasSubstr("I Energy model: no figures for CPU of no known vendor; 0.6 W idle"),
                                HasSubstr("model.maxWattsPerCpu"))));
}

}  // namespace
}  // namespace brahe::energy
