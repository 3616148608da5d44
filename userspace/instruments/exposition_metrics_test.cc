#include "userspace/instruments/exposition_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

namespace brahe::instruments {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string TextOf(const ExpositionMetrics& metrics) {
  return prometheus::TextSerializer().Serialize(metrics.Collect());
}

TEST(ExpositionMetrics, TellNothingBeforeTheFirstScrape) { EXPECT_EQ(TextOf(ExpositionMetrics("n")), ""); }

TEST(ExpositionMetrics, AScrapeOfSomeLevelsRenewsThose) {
  ExpositionMetrics metrics("n");
  metrics.Observe({{"node", {9, 900}}, {"pod", {5, 500}}}, true);
  metrics.Observe({{"pod", {6, 600}}}, false);
  EXPECT_THAT(TextOf(metrics), HasSubstr("brahe_exposition_series{level=\"node\",node_name=\"n\"} 9\n"));
  EXPECT_THAT(TextOf(metrics), HasSubstr("brahe_exposition_series{level=\"pod\",node_name=\"n\"} 6\n"));
  EXPECT_THAT(TextOf(metrics), HasSubstr("brahe_exposition_bytes{level=\"pod\",node_name=\"n\"} 600\n"));
  metrics.Observe({{"node", {9, 900}}}, true);
  EXPECT_THAT(TextOf(metrics), Not(HasSubstr("level=\"pod\""))) << "it is not chosen any more";
}

TEST(ExpositionMetrics, TellWhichLevelsAreLimitedWhileThereIsALimit) {
  ExpositionMetrics metrics("n");
  metrics.SetLimited({{"pod", false}, {"process", true}});
  EXPECT_THAT(TextOf(metrics), HasSubstr("brahe_exposition_limited{level=\"pod\",node_name=\"n\"} 0\n"));
  EXPECT_THAT(TextOf(metrics), HasSubstr("brahe_exposition_limited{level=\"process\",node_name=\"n\"} 1\n"));
  metrics.SetLimited({});
  EXPECT_EQ(TextOf(metrics), "");
}

}  // namespace
}  // namespace brahe::instruments
