#include "userspace/otlp/request_builder.h"

#include <utility>

#include "userspace/base/protobuf_writer.h"

namespace brahe::otlp {
namespace {

// Fields of the messages of opentelemetry.proto.metrics.v1.
namespace request {
constexpr uint32_t kResourceMetrics = 1;
}
namespace resource_metrics {
constexpr uint32_t kResource = 1;
constexpr uint32_t kScopeMetrics = 2;
}  // namespace resource_metrics
namespace scope_metrics {
constexpr uint32_t kScope = 1;
constexpr uint32_t kMetrics = 2;
}  // namespace scope_metrics
namespace metric {
constexpr uint32_t kName = 1;
constexpr uint32_t kDescription = 2;
constexpr uint32_t kUnit = 3;
constexpr uint32_t kGauge = 5;
constexpr uint32_t kSum = 7;
}  // namespace metric
namespace sum {
constexpr uint32_t kPoints = 1;  // of a gauge as well
constexpr uint32_t kTemporality = 2;
constexpr uint32_t kIsMonotonic = 3;
constexpr uint64_t kCumulative = 2;
}  // namespace sum
namespace point {
constexpr uint32_t kStartTime = 2;
constexpr uint32_t kTime = 3;
constexpr uint32_t kDouble = 4;
}  // namespace point

}  // namespace

void RequestBuilder::Begin(MetricSpec metric) {
  EndMetric();
  metric_ = std::move(metric);
}

void RequestBuilder::Add(const Point& point) {
  if (points_.size() + metrics_.size() >= frame_.max_bytes) Finish();
  ProtobufWriter(points_).Message(sum::kPoints, [&](ProtobufWriter& writer) {
    if (point.start != 0) writer.Fixed64(point::kStartTime, point.start);
    writer.Fixed64(point::kTime, point.time);
    writer.Double(point::kDouble, point.value);
    points_.append(point.attributes).append(point.more);
  });
  ++count_;
}

void RequestBuilder::EndMetric() {
  if (points_.empty()) return;
  const bool gauge = metric_.kind == MetricSpec::Kind::kGauge;
  ProtobufWriter(metrics_).Message(scope_metrics::kMetrics, [&](ProtobufWriter& writer) {
    writer.Bytes(metric::kName, metric_.name);
    writer.Bytes(metric::kDescription, metric_.description);
    writer.Bytes(metric::kUnit, metric_.unit);
    writer.Message(gauge ? metric::kGauge : metric::kSum, [&](ProtobufWriter& data) {
      metrics_.append(points_);
      if (gauge) return;
      data.Uint(sum::kTemporality, sum::kCumulative);
      if (metric_.kind == MetricSpec::Kind::kCounter) data.Uint(sum::kIsMonotonic, 1);
    });
  });
  points_.clear();
}

void RequestBuilder::Finish() {
  EndMetric();
  if (count_ == 0) return;
  Request request{.points = std::exchange(count_, 0)};
  request.bytes.reserve(frame_.resource.size() + frame_.scope.size() + metrics_.size() + 64);
  ProtobufWriter(request.bytes).Message(request::kResourceMetrics, [&](ProtobufWriter& resource_writer) {
    resource_writer.Bytes(resource_metrics::kResource, frame_.resource);
    resource_writer.Message(resource_metrics::kScopeMetrics, [&](ProtobufWriter& scope_writer) {
      scope_writer.Bytes(scope_metrics::kScope, frame_.scope);
      request.bytes.append(metrics_);
    });
  });
  metrics_.clear();
  take_(std::move(request));
}

}  // namespace brahe::otlp
