#include "userspace/instruments/pod_directory_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

namespace brahe::instruments {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string TextOf(const PodDirectoryFigures& figures) {
  return prometheus::TextSerializer().Serialize(PodDirectoryMetrics("n", [&] { return figures; }).Collect());
}

TEST(PodDirectoryMetrics, TellsHowKubernetesAnswers) {
  const std::string text = TextOf({.fetches = 5,
                                   .failures = {{"certificate", 2}, {"timeout", 0}},
                                   .left_out = 1,
                                   .pods = 30,
                                   .age = Milliseconds(1500)});
  EXPECT_THAT(text, HasSubstr("brahe_pods{node_name=\"n\"} 30\n"));
  EXPECT_THAT(text, HasSubstr("brahe_pods_left_out_total{node_name=\"n\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("brahe_pod_fetches_total{node_name=\"n\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("brahe_pods_age_seconds{node_name=\"n\"} 1.5\n"));
  EXPECT_THAT(text, HasSubstr("brahe_pod_fetch_failures_total{node_name=\"n\",cause=\"certificate\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("brahe_pod_fetch_failures_total{node_name=\"n\",cause=\"timeout\"} 0\n"));
}

TEST(PodDirectoryMetrics, HasNoAgeBeforeTheFirstAnswer) {
  EXPECT_THAT(TextOf({}), Not(HasSubstr("brahe_pods_age_seconds")));
}

}  // namespace
}  // namespace brahe::instruments
