#include "userspace/monitor/zone_series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace brahe::monitor {
namespace {

energy::Zone ZoneNamed(const std::string& name, const std::string& path) { return {name, path, std::nullopt}; }

TEST(ZoneSeriesTest, SumsZonesOfOneNameAndKeepsTheirOrder) {
  const SeriesPlan plan =
      PlanSeries({ZoneNamed("dram", "/0/2"), ZoneNamed("package", "/0"), ZoneNamed("package", "/1")});
  ASSERT_EQ(plan.series.size(), 2u);
  EXPECT_EQ(plan.series[0].name, "dram");
  EXPECT_EQ(plan.series[0].path, "/0/2");
  EXPECT_EQ(plan.series[1].name, "package");
  EXPECT_EQ(plan.series[1].path, "aggregated-package");
  EXPECT_THAT(plan.series_of_zone, testing::ElementsAre(0, 1, 1));
}

}  // namespace
}  // namespace brahe::monitor
