#include "userspace/energy/model_meter.h"

#include <gtest/gtest.h>

#include <random>

namespace brahe::energy {
namespace {

constexpr ModelCoefficients kCoefficients{.idle = Watts(1), .max = Watts(5)};

TEST(ModelMeterTest, HasOneZoneForTheWholeMachineAndSaysThatItDoesNotMeasure) {
  const ModelMeter meter(kCoefficients);
  ASSERT_EQ(meter.zones().size(), 1u);
  EXPECT_EQ(meter.zones()[0].name, "package");
  EXPECT_EQ(meter.zones()[0].path, "model");
  EXPECT_EQ(meter.zones()[0].socket, std::nullopt);
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

TEST(ModelMeterTest, WhatIsCutOffIsCarriedToTheNextEpoch) {
  ModelMeter meter({.idle = {1}, .max = {1}});
  const CpuLoad load{.capacity = Milliseconds(400), .busy = Milliseconds(400)};
  EXPECT_EQ(meter.Collect({.load = load}).used.at(0), Microjoules{0});
  EXPECT_EQ(meter.Collect({.load = load}).used.at(0), Microjoules{0});
  EXPECT_EQ(meter.Collect({.load = load}).used.at(0), Microjoules{1});
}

TEST(ModelMeterTest, ManyEpochsAddUpToWhatOneWouldGive) {
  std::mt19937_64 random(3);
  const ModelCoefficients coefficients{.idle = {712'345}, .max = {3'998'877}};
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

TEST(ModelCoefficientsTest, EveryVendorHasPlausibleDefaults) {
  for (const char* vendor : {"GenuineIntel", "AuthenticAMD", "HygonGenuine", ""}) {
    const ModelCoefficients coefficients = DefaultCoefficients(vendor);
    EXPECT_GE(coefficients.idle.value, Watts(1).value / 10) << vendor;
    EXPECT_LT(coefficients.idle, coefficients.max) << vendor;
    EXPECT_LE(coefficients.max, Watts(10)) << vendor;
  }
  EXPECT_NE(DefaultCoefficients("GenuineIntel").max, DefaultCoefficients("AuthenticAMD").max);
}

TEST(ModelCoefficientsTest, OptionsWinOverDefaultsEachByItself) {
  MeterOptions options;
  options.cpu_vendor = "GenuineIntel";
  options.model_idle_per_cpu = Watts(2);
  EXPECT_EQ(ChooseCoefficients(options)->idle, Watts(2));
  EXPECT_EQ(ChooseCoefficients(options)->max, DefaultCoefficients("GenuineIntel").max);
  options.model_max_per_cpu = Watts(9);
  EXPECT_EQ(ChooseCoefficients(options)->max, Watts(9));
}

TEST(ModelCoefficientsTest, ABusyCpuCannotUseLessThanAnIdleOne) {
  MeterOptions options;
  options.model_idle_per_cpu = Watts(7);
  const auto coefficients = ChooseCoefficients(options);
  ASSERT_FALSE(coefficients);
  EXPECT_NE(coefficients.error().message.find("model.maxWattsPerCpu"), std::string::npos);
}

}  // namespace
}  // namespace brahe::energy
