#include "userspace/instruments/push_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

namespace brahe::instruments {
namespace {

using ::testing::HasSubstr;

TEST(PushMetrics, TellsWhatBecameOfRequests) {
  const PushFigures figures = {
      .exports = {{"taken", 7}, {"failed", 0}}, .rejected_points = 3, .queued_requests = 2, .queued_bytes = 4096};
  const std::string text = prometheus::TextSerializer().Serialize(PushMetrics("n", [&] { return figures; }).Collect());
  EXPECT_THAT(text, HasSubstr("brahe_otlp_exports_total{node_name=\"n\",result=\"taken\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("brahe_otlp_exports_total{node_name=\"n\",result=\"failed\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("brahe_otlp_rejected_points_total{node_name=\"n\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("brahe_otlp_queue_requests{node_name=\"n\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("brahe_otlp_queue_bytes{node_name=\"n\"} 4096\n"));
}

}  // namespace
}  // namespace brahe::instruments
