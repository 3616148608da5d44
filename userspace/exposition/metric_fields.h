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
// google.protobuf.Timestamp.
inline constexpr uint32_t kSeconds = 1, kNanos = 2;

}  // namespace brahe::exposition::metric_fields
