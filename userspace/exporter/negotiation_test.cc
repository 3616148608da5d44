#include "userspace/exporter/negotiation.h"

#include <gtest/gtest.h>

namespace brahe::exporter {
namespace {

constexpr exposition::ExpositionFormat kText = exposition::ExpositionFormat::kText;
constexpr exposition::ExpositionFormat kOpenMetrics = exposition::ExpositionFormat::kOpenMetrics;
constexpr exposition::ExpositionFormat kProtobuf = exposition::ExpositionFormat::kProtobuf;

TEST(FormatFor, GivesPrometheusWhatItPrefers) {
  // Of release 2.42, of 3.x, and of 2.49 and later where only the text format is configured.
  EXPECT_EQ(FormatFor("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            kOpenMetrics);
  EXPECT_EQ(FormatFor("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
                      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"),
            kOpenMetrics);
  EXPECT_EQ(FormatFor("text/plain;version=0.0.4;q=0.5,*/*;q=0.4"), kText);
}

TEST(FormatFor, GivesTextToThoseWhoDoNotAskForOpenMetrics) {
  for (const char* accept : {"", "*/*", "text/html,application/xhtml+xml,*/*;q=0.8", "application/json",
                             "application/openmetrics-text;version=2.0.0", "application/openmetrics-text;q=0"}) {
    EXPECT_EQ(FormatFor(accept), kText) << accept;
  }
}

TEST(FormatFor, GivesPrometheusProtocolBuffersWhereItPrefersThem) {
  // Of release 2.42 with native histograms, and of 3.x with them or with start timestamps.
  EXPECT_EQ(FormatFor("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
                      "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;"
                      "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            kProtobuf);
  EXPECT_EQ(FormatFor("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;"
                      "q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
                      "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;"
                      "escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"),
            kProtobuf);
}

TEST(FormatFor, TakesTheParametersOfProtocolBuffersInAnyOrderAndQuotedOrNot) {
  for (const char* accept :
       {"application/vnd.google.protobuf;encoding=delimited;proto=io.prometheus.client.MetricFamily",
        "application/vnd.google.protobuf; q=0.1; encoding=\"delimited\"; proto=\"io.prometheus.client.MetricFamily\"",
        "Application/Vnd.Google.Protobuf ; Proto=io.prometheus.client.MetricFamily ; Encoding=Delimited",
        "text/plain;q=0.3,application/vnd.google.protobuf;q=0.3;proto=io.prometheus.client.MetricFamily;"
        "encoding=delimited,application/openmetrics-text;q=0.3"}) {
    EXPECT_EQ(FormatFor(accept), kProtobuf) << accept;
  }
}

TEST(FormatFor, GivesNoOtherProtocolBuffers) {
  for (const char* accept :
       {"application/vnd.google.protobuf", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
        "application/vnd.google.protobuf;proto=other.Message;encoding=delimited",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.4,"
        "text/plain;q=0.5"}) {
    EXPECT_EQ(FormatFor(accept), kText) << accept;
  }
}

TEST(FormatFor, WeighsTheTwo) {
  EXPECT_EQ(FormatFor("application/openmetrics-text;q=0.3, text/plain;q=0.4"), kText);
  EXPECT_EQ(FormatFor("application/openmetrics-text;q=0.4, text/plain;q=0.4"), kOpenMetrics);
  EXPECT_EQ(FormatFor("Application/OpenMetrics-Text ; Version=1.0.0"), kOpenMetrics) << "case and spaces do not matter";
}

TEST(FormatFor, DoesNotCountWhatIsMalformed) {
  for (const char* accept : {"application/openmetrics-text;q=2", "application/openmetrics-text;q=-1",
                             "application/openmetrics-text;q=", "application/openmetrics-text;q=nan",
                             "application/openmetrics-text;q=1x", ";;;,,,===", ";q"}) {
    EXPECT_EQ(FormatFor(accept), kText) << accept;
  }
  EXPECT_EQ(FormatFor(",, ;q=7,application/openmetrics-text"), kOpenMetrics);
}

TEST(TakesGzip, OnlyWhereItIsNamed) {
  for (const char* header : {"gzip", "deflate, gzip;q=0.5", "GZIP", "br;q=1.0, gzip;q=0.001"}) {
    EXPECT_TRUE(TakesGzip(header)) << header;
  }
  for (const char* header : {"", "identity", "gzip;q=0", "*", "xgzip", "gzip;q=none"}) {
    EXPECT_FALSE(TakesGzip(header)) << header;
  }
}

}  // namespace
}  // namespace brahe::exporter
