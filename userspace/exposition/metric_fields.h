#pragma once

#include <cstdint>

#include "userspace/base/protobuf_writer.h"

// The numbers of the fields of io.prometheus.client.MetricFamily and what it is made of, as Prometheus publishes them.
namespace brahe::exposition::metric_fields {

// MetricFamily.
inline constexpr uint32_t kFamilyName = 1, kFamilyHelp = 2, kFamilyType = 3, kFamilyMetric = 4;
// MetricType.
inline constexpr uint64_t kTypeCounter = 0, kTypeGauge = 1, kTypeHistogram = 4;
// Metric.
inline constexpr uint32_t kLabel = 1, kGauge = 2, kCounter = 3, kTimestampMs = 6, kHistogram = 7;
// LabelPair.
inline constexpr uint32_t kLabelName = 1, kLabelValue = 2;
// Counter and Gauge.
inline constexpr uint32_t kValue = 1, kCounterStart = 3;
// Histogram, the buckets that have bounds in it, and BucketSpan.
inline constexpr uint32_t kSampleCount = 1, kSampleSum = 2, kBucket = 3, kHistogramStart = 15;
inline constexpr uint32_t kSchema = 5, kZeroThreshold = 6, kZeroCount = 7, kPositiveSpan = 12, kPositiveDelta = 13;
inline constexpr uint32_t kBucketCount = 1, kBucketBound = 2;
inline constexpr uint32_t kSpanOffset = 1, kSpanLength = 2;
// google.protobuf.Timestamp.
inline constexpr uint32_t kSeconds = 1, kNanos = 2;

// An instant in Unix time, as a google.protobuf.Timestamp.
inline void AppendTimestamp(uint32_t field, uint64_t unix_ms, ProtobufWriter& writer) {
  writer.Message(field, [&](ProtobufWriter& timestamp) {
    timestamp.Uint(kSeconds, unix_ms / 1000);
    timestamp.Uint(kNanos, unix_ms % 1000 * 1'000'000);
  });
}

}  // namespace brahe::exposition::metric_fields
