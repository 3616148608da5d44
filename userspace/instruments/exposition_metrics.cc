#include "userspace/instruments/exposition_metrics.h"

#include <prometheus/metric_family.h>

#include <utility>

namespace brahe::instruments {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

}  // namespace

void ExpositionMetrics::Observe(const exposition::LevelSizes& sizes, bool of_all_levels) {
  const std::lock_guard lock(mutex_);
  if (of_all_levels) sizes_.clear();
  for (const auto& [level, size] : sizes) sizes_[level] = size;
}

void ExpositionMetrics::SetLimited(std::map<std::string, bool> limited) {
  const std::lock_guard lock(mutex_);
  limited_ = std::move(limited);
}

std::vector<MetricFamily> ExpositionMetrics::Collect() const {
  const auto family = [](const char* name, const char* help) {
    return MetricFamily{name, help, prometheus::MetricType::Gauge, {}};
  };
  const auto add = [this](const std::string& level, uint64_t value, MetricFamily& to) {
    ClientMetric metric;
    metric.label = {{"level", level}, {"node_name", node_name_}};
    metric.gauge.value = static_cast<double>(value);
    to.metric.push_back(std::move(metric));
  };
  MetricFamily series = family("brahe_exposition_series", "Series of each level in the last scrape that had it");
  MetricFamily bytes =
      family("brahe_exposition_bytes", "Bytes of each level in the last scrape that had it, before compression");
  MetricFamily limited = family("brahe_exposition_limited",
                                "1 if workloads of a level are left out because of exporter.prometheus.maxSeries");
  const std::lock_guard lock(mutex_);
  for (const auto& [level, size] : sizes_) {
    add(level, size.series, series);
    add(level, size.bytes, bytes);
  }
  for (const auto& [level, is_limited] : limited_) add(level, is_limited ? 1 : 0, limited);
  std::vector<MetricFamily> families;
  for (MetricFamily* each : {&series, &bytes, &limited}) {
    if (!each->metric.empty()) families.push_back(std::move(*each));
  }
  return families;
}

}  // namespace brahe::instruments
