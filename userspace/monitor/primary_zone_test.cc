#include "userspace/monitor/primary_zone.h"

#include <gtest/gtest.h>

namespace brahe::monitor {
namespace {

constexpr Microjoules kSome = Joules(1), kMore = Joules(6), kNone = {};

TEST(PrimaryZoneTest, IsTheWidestThatHasUsedEnergy) {
  EXPECT_EQ(PrimaryZone({{"package", kSome}, {"core", kSome}, {"psys", kMore}}), 2U);
  EXPECT_EQ(PrimaryZone({{"package", kSome}, {"psys", kSome}}), 1U);
  EXPECT_EQ(PrimaryZone({{"core", kMore}, {"package", kSome}}), 1U);
  EXPECT_EQ(PrimaryZone({{"uncore", kSome}, {"dram", kSome}, {"core", kSome}}), 2U);
  EXPECT_EQ(PrimaryZone({{"uncore", kSome}, {"dram", kSome}}), 1U);
  EXPECT_EQ(PrimaryZone({{"sensor", kSome}, {"uncore", kSome}}), 1U);
  EXPECT_EQ(PrimaryZone({{"package", kNone}, {"core", kSome}}), 1U);
  EXPECT_EQ(PrimaryZone({{"package", kNone}, {"sensor", kSome}}), 1U);
  EXPECT_EQ(PrimaryZone({{"sensor", kSome}}), 0U);
}

TEST(PrimaryZoneTest, APlatformThatClaimsLessThanItsPackagesIsNone) {
  EXPECT_EQ(PrimaryZone({{"package", kSome}, {"psys", kNone}}), 0U);
  EXPECT_EQ(PrimaryZone({{"package", kMore}, {"psys", kSome}}), 0U);
  EXPECT_EQ(PrimaryZone({{"psys", kSome}, {"core", kMore}}), 0U) << "what is not told is not compared";
}

TEST(PrimaryZoneTest, BeforeAnyEnergyIsUsedItGoesByTheName) {
  EXPECT_EQ(PrimaryZone({{"package", kNone}, {"core", kNone}, {"psys", kNone}}), 2U);
  EXPECT_EQ(PrimaryZone({{"sensor", kNone}, {"fan", kNone}}), 0U);
  EXPECT_EQ(PrimaryZone({}), 0U);
}

}  // namespace
}  // namespace brahe::monitor
