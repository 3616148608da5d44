#include "userspace/base/units.h"

#include <gtest/gtest.h>

namespace brahe {
namespace {

TEST(UnitsTest, ScalingDoesNotOverflow) {
  EXPECT_EQ(ScaleDown(UINT64_MAX, UINT64_MAX - 1, UINT64_MAX), UINT64_MAX - 1);
  EXPECT_EQ(ScaleDown(10, 1, 3), 3U);
  EXPECT_EQ(ScaleDown(10, 1, 0), 0U);
  EXPECT_EQ(ScaleDown(uint64_t{1} << 40, uint64_t{1} << 40, 1), UINT64_MAX) << "and not the low half of it";
}

TEST(UnitsTest, PowerAndEnergyAreEachOthersInverse) {
  EXPECT_EQ(MeanPower(Joules(100), Seconds(5)), Watts(20));
  EXPECT_EQ(EnergyOf(Watts(20), Seconds(5)), Joules(100));
  EXPECT_EQ(MeanPower(Joules(1), Nanoseconds{0}), Watts(0));
}

}  // namespace
}  // namespace brahe
