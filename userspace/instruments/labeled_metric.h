#pragma once

#include <prometheus/client_metric.h>

#include <utility>
#include <vector>

namespace brahe::instruments {

// One sample of a counter or gauge with these labels.
inline prometheus::ClientMetric LabeledMetric(std::vector<prometheus::ClientMetric::Label> labels, double value) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = value;
  metric.gauge.value = value;
  return metric;
}

}  // namespace brahe::instruments
