#include "userspace/instruments/push_metrics.h"

#include <prometheus/metric_family.h>

#include <utility>

#include "userspace/instruments/labeled_metric.h"

namespace brahe::instruments {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

}  // namespace

PushMetrics::PushMetrics(std::string node_name, std::function<PushFigures()> figures)
    : node_name_(std::move(node_name)), figures_(std::move(figures)) {}

std::vector<MetricFamily> PushMetrics::Collect() const {
  const PushFigures figures = figures_();
  const auto family = [&](const char* name, const char* help, MetricType type, uint64_t value) {
    return MetricFamily{name, help, type, {LabeledMetric({{"node_name", node_name_}}, static_cast<double>(value))}};
  };
  MetricFamily exports{
      "brahe_otlp_exports_total", "What became of requests pushed by OTLP, and of attempts", MetricType::Counter, {}};
  for (const auto& [result, count] : figures.exports) {
    exports.metric.push_back(
        LabeledMetric({{"node_name", node_name_}, {"result", result}}, static_cast<double>(count)));
  }
  return {
      std::move(exports),
      family("brahe_otlp_rejected_points_total", "Points that the receiver took a request without", MetricType::Counter,
             figures.rejected_points),
      family("brahe_otlp_queue_requests", "Requests that wait to be sent", MetricType::Gauge, figures.queued_requests),
      family("brahe_otlp_queue_bytes", "Bytes of the requests that wait to be sent", MetricType::Gauge,
             figures.queued_bytes)};
}

}  // namespace brahe::instruments
