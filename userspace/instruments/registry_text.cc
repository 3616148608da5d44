#include "userspace/instruments/registry_text.h"

namespace brahe::instruments {
namespace {

using Metric = prometheus::ClientMetric;

exposition::Sample Begin(const std::string& name, const Metric& metric, std::string& out) {
  exposition::Sample sample(name, out);
  for (const Metric::Label& label : metric.label) sample.Label(label.name, label.value);
  return sample;
}

// OpenMetrics wants a point or an exponent in these. Text 0.0.4 does not mind, and so a series has one name in both.
std::string SpellBound(double bound) {
  std::string text;
  exposition::AppendDouble(bound, text);
  if (text.find_first_not_of("0123456789") == std::string::npos) text.append(".0");
  return text;
}

void AppendHistogram(const std::string& name, const Metric& metric, std::string& out) {
  for (const Metric::Bucket& bucket : metric.histogram.bucket) {
    Begin(name + "_bucket", metric, out).Label("le", SpellBound(bucket.upper_bound)).Uint(bucket.cumulative_count);
  }
  Begin(name + "_sum", metric, out).Double(metric.histogram.sample_sum);
  Begin(name + "_count", metric, out).Uint(metric.histogram.sample_count);
}

void AppendCreated(std::string name, const Metric& metric, uint64_t start_ms, std::string& out) {
  constexpr std::string_view kTotal = "_total";
  if (name.ends_with(kTotal)) name.resize(name.size() - kTotal.size());
  Begin(name + "_created", metric, out).Millionths(start_ms * 1000);
}

void AppendMetric(const prometheus::MetricFamily& family, const Metric& metric, std::string& out) {
  switch (family.type) {
    case prometheus::MetricType::Counter:
      return Begin(family.name, metric, out).Double(metric.counter.value);
    case prometheus::MetricType::Gauge:
      return Begin(family.name, metric, out).Double(metric.gauge.value);
    case prometheus::MetricType::Histogram:
      return AppendHistogram(family.name, metric, out);
    default:  // we have no others
      return;
  }
}

}  // namespace

exposition::FamilyType TypeOf(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
      return exposition::FamilyType::kCounter;
    case prometheus::MetricType::Histogram:
      return exposition::FamilyType::kHistogram;
    default:
      return exposition::FamilyType::kGauge;
  }
}

std::string RegistryText(const std::vector<prometheus::MetricFamily>& families, exposition::ExpositionFormat format,
                         std::optional<uint64_t> start_ms) {
  std::string out;
  for (const prometheus::MetricFamily& family : families) {
    exposition::AppendHeader(family.name, TypeOf(family.type), family.help, format, out);
    for (const Metric& metric : family.metric) {
      AppendMetric(family, metric, out);
      if (start_ms && family.type != prometheus::MetricType::Gauge) AppendCreated(family.name, metric, *start_ms, out);
    }
  }
  return out;
}

}  // namespace brahe::instruments
