#include "userspace/otlp/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace brahe::otlp {
namespace {

using ::testing::HasSubstr;

TEST(MetricsUrlTest, AddsThePathWhereThereIsNone) {
  EXPECT_EQ(*MetricsUrl("http://localhost:4318"), "http://localhost:4318/v1/metrics");
  EXPECT_EQ(*MetricsUrl("https://[::1]:4318/"), "https://[::1]:4318/v1/metrics");
  EXPECT_EQ(*MetricsUrl("http://prometheus:9090/api/v1/otlp/v1/metrics"),
            "http://prometheus:9090/api/v1/otlp/v1/metrics");
}

TEST(MetricsUrlTest, TakesNothingElse) {
  for (const char* endpoint :
       {"localhost:4318", "grpc://collector:4317", "http://", "http://u:p@h:1", "http://h/?a=b"}) {
    const auto url = MetricsUrl(endpoint);
    ASSERT_FALSE(url) << endpoint;
    EXPECT_THAT(url.error().message, HasSubstr("exporter.otlp.endpoint: "));
  }
}

}  // namespace
}  // namespace brahe::otlp
