#include "userspace/monitor/zone_series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace brahe {
namespace {

Zone ZoneNamed(const std::string& name, const std::string& path) { return {name, path, std::nullopt}; }

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

TEST(ZoneSeriesTest, RanksByTheWidestZone) {
  const Zone psys = ZoneNamed("psys", ""), package = ZoneNamed("package", ""), core = ZoneNamed("core", ""),
             uncore = ZoneNamed("uncore", ""), dram = ZoneNamed("dram", ""), sensor = ZoneNamed("INA3221", "");
  EXPECT_EQ(PlanSeries({package, core, psys}).primary, 2u);
  EXPECT_EQ(PlanSeries({core, package}).primary, 1u);
  EXPECT_EQ(PlanSeries({uncore, dram, core}).primary, 2u);
  EXPECT_EQ(PlanSeries({uncore, dram}).primary, 1u);
  EXPECT_EQ(PlanSeries({sensor, uncore}).primary, 1u);
  EXPECT_EQ(PlanSeries({sensor}).primary, 0u);
}

}  // namespace
}  // namespace brahe
