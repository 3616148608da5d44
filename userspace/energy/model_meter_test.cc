#include "userspace/energy/model_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <vector>

#include "userspace/base/temp_tree.h"
#include "userspace/energy/log_lines.h"

namespace brahe::energy {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr LoadShape kLine = {0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000};
const std::vector<std::optional<uint32_t>> kWholeMachine = {std::nullopt};
constexpr ModelCoefficients kCoefficients{.idle = Watts(1), .max = Watts(5), .shape = kLine};

TEST(ModelMeterTest, HasOneZoneForTheWholeMachineAndSaysThatItDoesNotMeasure) {
  const ModelMeter meter(kCoefficients, kWholeMachine, {});
  ASSERT_EQ(meter.zones().size(), 1u);
  EXPECT_EQ(meter.zones()[0].name, "package");
  EXPECT_EQ(meter.zones()[0].path, "model");
  EXPECT_EQ(meter.zones()[0].socket, std::nullopt);
  ASSERT_EQ(meter.States().size(), 1u);
  EXPECT_EQ(meter.States()[0].source, "model");
  EXPECT_FALSE(meter.States()[0].measured);
  EXPECT_EQ(meter.States()[0].uncertainty_ppm, std::nullopt);
  EXPECT_EQ(meter.MaxSampleInterval(), std::nullopt);
}

TEST(ModelMeterTest, IdleCpusUseIdlePowerAndBusyOnesMaxPower) {
  ModelMeter meter(kCoefficients, kWholeMachine, {});
  const auto used = [&](CpuLoad load) { return *meter.Collect({.load = load}).used.at(0); };
  EXPECT_EQ(used({.capacity = Seconds(10), .busy = {}}), Joules(10));
  EXPECT_EQ(used({.capacity = Seconds(10), .busy = Seconds(10)}), Joules(50));
  EXPECT_EQ(used({.capacity = Seconds(10), .busy = Seconds(3)}), Joules(10 + 12));
  EXPECT_EQ(used({}), Joules(0));
}

TEST(ModelMeterTest, BetweenIdleAndMaxItFollowsTheShapeFromPointToPoint) {
  ModelMeter meter({.idle = Watts(1), .max = Watts(5), .shape = {0, 250, 300, 350, 400, 450, 550, 650, 750, 850, 1000}},
                   kWholeMachine, {});
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
      ModelMeter meter({.idle = figures.idle, .max = figures.max, .shape = figures.shape}, kWholeMachine, {});
      const Microjoules used = *meter.Collect({.load = {.capacity = Seconds(1000), .busy = Seconds(busy)}}).used.at(0);
      EXPECT_GE(used, before) << figures.key << " " << busy;
      before = used;
    }
    EXPECT_EQ(before, EnergyOf(figures.max, Seconds(1000))) << figures.key;
  }
}

TEST(ModelMeterTest, WhatIsCutOffIsCarriedToTheNextEpoch) {
  ModelMeter meter({.idle = {1}, .max = {1}, .shape = kLine}, kWholeMachine, {});
  const CpuLoad load{.capacity = Milliseconds(400), .busy = Milliseconds(400)};
  EXPECT_EQ(meter.Collect({.load = load}).used.at(0), Microjoules{0});
  EXPECT_EQ(meter.Collect({.load = load}).used.at(0), Microjoules{0});
  EXPECT_EQ(meter.Collect({.load = load}).used.at(0), Microjoules{1});
}

// Only on a line, where the mean load tells the mean power.
TEST(ModelMeterTest, ManyEpochsAddUpToWhatOneWouldGive) {
  std::mt19937_64 random(3);
  const ModelCoefficients coefficients{.idle = {712'345}, .max = {3'998'877}, .shape = kLine};
  ModelMeter many(coefficients, kWholeMachine, {}), one(coefficients, kWholeMachine, {});
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
  ModelMeter meter(kCoefficients, kWholeMachine, {});
  const Nanoseconds month = Seconds(30ULL * 86'400) * 4096;
  EXPECT_EQ(*meter.Collect({.load = {.capacity = month, .busy = month}}).used.at(0), Joules(5ULL * 30 * 86'400 * 4096));
}

TEST(ModelMeterTest, EachSocketsZoneGoesByItsOwnLoad) {
  ModelMeter meter(kCoefficients, {0, 1, 2}, {});
  const CpuLoad idle{.capacity = Seconds(10), .busy = {}}, busy{.capacity = Seconds(10), .busy = Seconds(10)};
  const EnergyEpoch epoch = meter.Collect({.load = {}, .sockets = {{0, idle}, {1, busy}}});
  EXPECT_THAT(epoch.used, ElementsAre(Joules(10), Joules(50), Joules(0))) << "of socket 2 there are no CPUs";
}

TEST(ModelMeterTest, MemoryDrawsTheSameWhateverItDoes) {
  ModelMeter meter(kCoefficients, kWholeMachine, Watts(6));
  ASSERT_EQ(meter.zones().size(), 2u);
  EXPECT_EQ(meter.zones()[1].name, "dram");
  EXPECT_EQ(meter.zones()[1].socket, std::nullopt);
  EXPECT_EQ(meter.States()[1].uncertainty_ppm, std::nullopt);
  EXPECT_EQ(meter.Collect({.begin = Seconds(5), .end = Seconds(10)}).used.at(1), Joules(30));
}

TEST(ModelMeterTest, ThePowerOfMemoryIsThatOfAllItsGibibytes) {
  const TempTree tree;
  MeterOptions options;
  options.sysfs_root = options.procfs_root = tree.path();
  options.model_dram_per_gib = {375'000};
  const auto missing = ModelMeter::Open(options, kWholeMachine);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("meminfo"));
  tree.Write("meminfo", "MemTotal:       a lot\n");
  EXPECT_THAT(ModelMeter::Open(options, kWholeMachine).error().message, HasSubstr("model.dramWattsPerGib"));
  tree.Write("meminfo", "MemTotal:       33554432 kB\nMemFree:        1 kB\n");
  const auto meter = ModelMeter::Open(options, kWholeMachine);
  ASSERT_TRUE(meter);
  EXPECT_EQ((*meter)->Collect({.begin = {}, .end = Seconds(1)}).used.at(1), Joules(12));
}

class ModelCoefficientsTest : public testing::Test {
 protected:
  [[nodiscard]] ModelCoefficients Choose(const std::optional<MachineSize>& size = {}) const {
    return *ChooseCoefficients(options_, skylake_, size);
  }

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

TEST_F(ModelCoefficientsTest, AreThoseOfItsSizeWithTheErrorOfThoseWhereThatIsKnown) {
  MachineSize size = *skylake_.figures->usual;
  size.threads_per_socket /= 2;
  EXPECT_GT(Choose(size).idle, skylake_.figures->idle);
  EXPECT_GT(Choose(size).max, skylake_.figures->max);
  EXPECT_EQ(Choose(size).shape, skylake_.figures->shape);
  EXPECT_EQ(Choose(size).uncertainty_ppm, skylake_.figures->sized_error_ppm);
  const ModelGeneration unsized{.figures = FindModelFigures("zen4-server"), .found_by = "a test"};
  EXPECT_EQ(ChooseCoefficients(options_, unsized, size)->uncertainty_ppm, unsized.figures->error_ppm);
  options_.model_idle_per_cpu = Watts(2);
  options_.model_max_per_cpu = Watts(9);
  EXPECT_EQ(Choose(size).idle, Watts(2));
  EXPECT_EQ(Choose(size).max, Watts(9));
  EXPECT_EQ(Choose(size).uncertainty_ppm, skylake_.figures->shape_error_ppm);
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
  const auto meter = ModelMeter::Open(options, kWholeMachine);
  ASSERT_TRUE(meter);
  LogModel(options);
  EXPECT_EQ((*meter)->States()[0].uncertainty_ppm, FindModelFigures("neoverse-v1")->error_ppm);
  EXPECT_THAT(log.lines,
              ElementsAre(AllOf(HasSubstr("I Energy model: neoverse-v1, 0."), HasSubstr(" W busy for each CPU"),
                                HasSubstr("instance type m7g.large"), HasSubstr("0xd40"), HasSubstr(" %"))));
}

TEST(ModelMeterOpenTest, GoesByTheSizeOfARealMachineAndNotByThatOfAGuest) {
  const TempTree tree;
  tree.Write("sys/devices/system/cpu/online", "0-15\n");
  tree.Write("proc/meminfo", "MemTotal:       67108864 kB\n");
  MeterOptions options;
  options.sysfs_root = tree.At("sys");
  options.procfs_root = tree.At("proc");
  const auto open = [&](const std::string& flags) {
    tree.Write("proc/cpuinfo", "vendor_id : GenuineIntel\ncpu family : 6\nmodel : 85\nstepping : 4\nflags : " + flags);
    LogModel(options);
    return (*ModelMeter::Open(options, kWholeMachine))->States()[0].uncertainty_ppm;
  };
  LogLines log;
  EXPECT_EQ(open("fpu sse\n"), FindModelFigures("skylake-server")->sized_error_ppm);
  EXPECT_EQ(open("fpu sse hypervisor\n"), FindModelFigures("skylake-server")->error_ppm);
  EXPECT_THAT(log.lines,
              ElementsAre(HasSubstr(" and its size (16 threads a socket, 4096 MiB a thread, one socket); 19"),
                          Not(HasSubstr("its size"))));
}

TEST(ModelMeterOpenTest, OfAnUnknownMachineItSaysThatItKnowsNothing) {
  const TempTree tree;
  MeterOptions options;
  options.sysfs_root = options.procfs_root = tree.path();
  LogLines log;
  const auto meter = ModelMeter::Open(options, kWholeMachine);
  ASSERT_TRUE(meter);
  LogModel(options);
  EXPECT_EQ((*meter)->States()[0].uncertainty_ppm, std::nullopt);
  EXPECT_THAT(log.lines,
              ElementsAre(AllOf(HasSubstr("I Energy model: no figures for CPU of no known vendor; 0.6 W idle"),
                                HasSubstr("model.maxWattsPerCpu"))));
}

}  // namespace
}  // namespace brahe::energy
