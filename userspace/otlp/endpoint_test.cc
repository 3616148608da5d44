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

TEST(IsReadableOnTheWayTest, PlainHttpToAnotherHostIs) {
  EXPECT_TRUE(IsReadableOnTheWay("http://collector:4318/v1/metrics"));
  EXPECT_TRUE(IsReadableOnTheWay("http://localhost.example.org/v1/metrics"));
  for (const char* url :
       {"https://collector/v1", "http://localhost:4318/", "http://127.0.0.1/v1", "http://[::1]:4318/x"}) {
    EXPECT_FALSE(IsReadableOnTheWay(url)) << url;
  }
}

}  // namespace
}  // namespace brahe::otlp
