#include "userspace/instruments/platform_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

namespace brahe::instruments {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string TextOf(const PlatformFigures& figures) {
  return prometheus::TextSerializer().Serialize(PlatformMetrics("n", [&] { return figures; }).Collect());
}

TEST(PlatformMetrics, TellsOfEachSourceAsKeplerDoes) {
  const std::string text = TextOf({.source = "redfish",
                                   .node_name = "worker-1",
                                   .bmc_id = "bmc-1",
                                   .powers = {{"1U", "PS1", "Power Supply 1", "PowerSupply", {245'500'000}}},
                                   .reads = 7,
                                   .failures = {{"timeout", 2}},
                                   .age = Milliseconds(1500)});
  EXPECT_THAT(text,
              HasSubstr("# HELP kepler_platform_watts Current platform power in watts from BMC (PowerSubsystem or "
                        "deprecated Power API)\n# TYPE kepler_platform_watts gauge\n"));
  EXPECT_THAT(text, HasSubstr("kepler_platform_watts{source=\"redfish\",node_name=\"worker-1\",bmc_id=\"bmc-1\","
                              "chassis_id=\"1U\",source_id=\"PS1\",source_name=\"Power Supply 1\","
                              "source_type=\"PowerSupply\"} 245.5\n"));
  EXPECT_THAT(text, HasSubstr("brahe_platform_reads_total{node_name=\"n\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("brahe_platform_age_seconds{node_name=\"n\"} 1.5\n"));
  EXPECT_THAT(text, HasSubstr("brahe_platform_read_failures_total{node_name=\"n\",cause=\"timeout\"} 2\n"));
}

TEST(PlatformMetrics, HasNoPowerThatIsNotKnown) {
  const std::string text = TextOf({.source = "redfish", .bmc_id = "bmc-1"});
  EXPECT_THAT(text, Not(HasSubstr("kepler_platform_watts")));
  EXPECT_THAT(text, Not(HasSubstr("brahe_platform_age_seconds")));
}

}  // namespace
}  // namespace brahe::instruments
