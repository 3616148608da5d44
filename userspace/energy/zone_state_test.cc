#include "userspace/energy/zone_state.h"

#include <gtest/gtest.h>

namespace brahe::energy {
namespace {

TEST(ZoneStateTest, TwoTogetherAreAsGoodAsTheWorse) {
  const ZoneState rapl{.source = "rapl", .measured = true, .uncertainty_ppm = 300, .read_errors = 1, .resets = 2};
  const ZoneState model{.source = "model", .uncertainty_ppm = 90'000, .read_errors = 3, .resets = 4, .still = true};
  const ZoneState both = Together(rapl, model);
  EXPECT_EQ(both.source, "rapl+model");
  EXPECT_FALSE(both.measured);
  EXPECT_EQ(both.uncertainty_ppm, 90'000u);
  EXPECT_EQ(both.read_errors, 4u);
  EXPECT_EQ(both.resets, 6u);
  EXPECT_TRUE(both.still);
  EXPECT_EQ(Together(rapl, rapl).source, "rapl");
  EXPECT_EQ(Together(both, rapl).source, "rapl+model") << "each once";
  EXPECT_EQ(Together({.source = "hwmon"}, both).source, "hwmon+rapl+model");
  EXPECT_TRUE(Together(rapl, rapl).measured);
  EXPECT_EQ(Together(rapl, {.source = "rapl"}).uncertainty_ppm, std::nullopt) << "of one it is not known";
}

}  // namespace
}  // namespace brahe::energy
