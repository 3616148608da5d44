#include "userspace/instruments/pod_directory_metrics.h"

#include <prometheus/metric_family.h>

#include <utility>

#include "userspace/instruments/labeled_metric.h"

namespace brahe::instruments {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

}  // namespace

PodDirectoryMetrics::PodDirectoryMetrics(std::string node_name, std::function<PodDirectoryFigures()> figures)
    : node_name_(std::move(node_name)), figures_(std::move(figures)) {}

std::vector<MetricFamily> PodDirectoryMetrics::Collect() const {
  const PodDirectoryFigures figures = figures_();
  const auto family = [&](const char* name, const char* help, MetricType type, double value) {
    return MetricFamily{name, help, type, {LabeledMetric({{"node_name", node_name_}}, value)}};
  };
  std::vector<MetricFamily> families = {
      family("brahe_pods", "Pods of this node that Kubernetes told of last", MetricType::Gauge,
             static_cast<double>(figures.pods)),
      family("brahe_pods_left_out_total", "Times that a pod was told of in a form that cannot be used",
             MetricType::Counter, static_cast<double>(figures.left_out)),
      family("brahe_pod_fetches_total", "Requests to Kubernetes for pods", MetricType::Counter,
             static_cast<double>(figures.fetches)),
  };
  if (figures.age) {
    families.push_back(family("brahe_pods_age_seconds", "Time since Kubernetes last told of the pods",
                              MetricType::Gauge, static_cast<double>(figures.age->value) / 1e9));
  }
  MetricFamily failures{
      "brahe_pod_fetch_failures_total", "Requests to Kubernetes for pods that failed", MetricType::Counter, {}};
  for (const auto& [cause, count] : figures.failures) {
    failures.metric.push_back(LabeledMetric({{"node_name", node_name_}, {"cause", cause}}, static_cast<double>(count)));
  }
  families.push_back(std::move(failures));
  return families;
}

}  // namespace brahe::instruments
