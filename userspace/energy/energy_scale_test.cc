#include "userspace/energy/energy_scale.h"

#include <gtest/gtest.h>

#include <string>

namespace brahe::energy {
namespace {

std::string Fraction(const char* text) {
  const auto scale = ParseEnergyScale(text);
  if (!scale) return scale.error().message;
  return std::to_string(scale->numerator) + "/" + std::to_string(scale->denominator);
}

TEST(EnergyScaleTest, IsAnExactFractionOfAMicrojoule) {
  EXPECT_EQ(Fraction("2.3283064365386962890625e-10\n"), "15625/67108864");  // 10^6 / 2^32
  EXPECT_EQ(Fraction("1.52587890625e-05"), "15625/1024");                   // 10^6 / 2^16
  EXPECT_EQ(Fraction("1e-9"), "1/1000");
  EXPECT_EQ(Fraction("0.000001"), "1/1");
  EXPECT_EQ(Fraction("1"), "1000000/1");
  EXPECT_EQ(Fraction("2.5E+1"), "25000000/1");
  EXPECT_EQ(Fraction("3e-7"), "3/10");
}

TEST(EnergyScaleTest, RefusesAndQuotesWhatIsNoScale) {
  for (const char* bad : {"", "pear", "0", "0.0e-10", "-1e-6", "1e", "1e-", "1e+-3", "1e-6 J", "1.2.3", ".", "1e999",
                          "inf", "nan", "0x1p-32", "100000000000000000000000000000000000000"}) {
    EXPECT_EQ(Fraction(bad), "not a scale: \"" + std::string(bad) + "\"");
  }
}

TEST(EnergyScaleTest, RefusesAFractionThatDoesNotFit) {
  EXPECT_EQ(Fraction("1e-40"), "a scale of too many digits: \"1e-40\"");
  EXPECT_EQ(Fraction("1e30"), "a scale of too many digits: \"1e30\"");
  EXPECT_EQ(Fraction("1.0000000000000000000000000000000000001"),
            "a scale of too many digits: \"1.0000000000000000000000000000000000001\"");
}

TEST(EnergyScaleTest, LosesNothingOverManyReadings) {
  const EnergyScale scale = *ParseEnergyScale("2.3283064365386962890625e-10");
  uint64_t counts = 0;
  Microjoules before, sum;
  for (int i = 0; i < 100'000; ++i) {
    counts += 4'294'967'296 / 100'000 + (i < 67'296 ? 1 : 0);  // 2^32 in all
    const Microjoules now = *scale.EnergyOf(counts);
    sum += now - before;
    before = now;
  }
  EXPECT_EQ(sum, Joules(1));
}

TEST(EnergyScaleTest, HoldsAWholeCounterAndSaysWhatItCannot) {
  EXPECT_EQ(*ParseEnergyScale("2.3283064365386962890625e-10")->EnergyOf(UINT64_MAX),
            Microjoules{4'294'967'296 * 1'000'000 - 1});
  EXPECT_EQ(ParseEnergyScale("1")->EnergyOf(UINT64_MAX), std::nullopt);
}

}  // namespace
}  // namespace brahe::energy
