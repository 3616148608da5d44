#include "userspace/instruments/platform_metrics.h"

#include <prometheus/metric_family.h>

#include <utility>

#include "userspace/instruments/labeled_metric.h"

namespace brahe::instruments {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

}  // namespace

PlatformMetrics::PlatformMetrics(std::string node_name, std::function<PlatformFigures()> figures)
    : node_name_(std::move(node_name)), figures_(std::move(figures)) {}

std::vector<MetricFamily> PlatformMetrics::Collect() const {
  const PlatformFigures figures = figures_();
  // Kepler's name, type, help text and labels are kept to the letter.
  MetricFamily watts{"kepler_platform_watts",
                     "Current platform power in watts from BMC (PowerSubsystem or deprecated Power API)",
                     MetricType::Gauge,
                     {}};
  for (const PlatformPower& power : figures.powers) {
    watts.metric.push_back(LabeledMetric({{"source", figures.source},
                                          {"node_name", figures.node_name},
                                          {"bmc_id", figures.bmc_id},
                                          {"chassis_id", power.chassis_id},
                                          {"source_id", power.source_id},
                                          {"source_name", power.source_name},
                                          {"source_type", power.source_type}},
                                         static_cast<double>(power.power.value) / 1e6));
  }
  const auto family = [&](const char* name, const char* help, MetricType type, double value) {
    return MetricFamily{name, help, type, {LabeledMetric({{"node_name", node_name_}}, value)}};
  };
  std::vector<MetricFamily> families;
  if (!watts.metric.empty()) families.push_back(std::move(watts));
  families.push_back(family("brahe_platform_reads_total", "Rounds in which the BMC was asked for the platform's power",
                            MetricType::Counter, static_cast<double>(figures.reads)));
  if (figures.age) {
    families.push_back(family("brahe_platform_age_seconds", "Time since the BMC was last asked with success",
                              MetricType::Gauge, static_cast<double>(figures.age->value) / 1e9));
  }
  MetricFamily failures{
      "brahe_platform_read_failures_total", "Resources of the BMC that could not be read", MetricType::Counter, {}};
  for (const auto& [cause, count] : figures.failures) {
    failures.metric.push_back(LabeledMetric({{"node_name", node_name_}, {"cause", cause}}, static_cast<double>(count)));
  }
  if (!failures.metric.empty()) families.push_back(std::move(failures));
  return families;
}

}  // namespace brahe::instruments
