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

TEST(ZoneSeriesTest, ASumIsAsUncertainAsTheWorstOfItsZones) {
  const auto uncertain = [](const std::string& name, std::optional<uint64_t> ppm) {
    energy::Zone zone = ZoneNamed(name, "/" + name);
    zone.uncertainty_ppm = ppm;
    return zone;
  };
  const SeriesPlan plan = PlanSeries({uncertain("package", 1), uncertain("package", 3), uncertain("package", 2),
                                      uncertain("dram", 5), uncertain("dram", std::nullopt), uncertain("psys", 7)});
  EXPECT_EQ(plan.series[0].uncertainty_ppm, 3u);
  EXPECT_EQ(plan.series[1].uncertainty_ppm, std::nullopt);
  EXPECT_EQ(plan.series[2].uncertainty_ppm, 7u);
}

}  // namespace
}  // namespace brahe::monitor
