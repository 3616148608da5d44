#include "userspace/instruments/registry_protobuf.h"

#include "userspace/base/protobuf_writer.h"
#include "userspace/exposition/label_spelling.h"
#include "userspace/exposition/metric_fields.h"
#include "userspace/exposition/protobuf_samples.h"
#include "userspace/instruments/registry_text.h"

namespace brahe::instruments {
namespace {

namespace fields = exposition::metric_fields;

using Metric = prometheus::ClientMetric;
using prometheus::MetricType;

// What all metrics of a family share.
struct Context {
  MetricType type;
  const NativeHistogram* native;  // null: none
  std::optional<uint64_t> start_ms;
};

void WriteHistogram(const Metric& metric, const Context& context, ProtobufWriter& out) {
  if (context.native != nullptr) {
    context.native->AppendBuckets(out);
  } else {
    out.Uint(fields::kSampleCount, metric.histogram.sample_count);
  }
  out.Double(fields::kSampleSum, metric.histogram.sample_sum);
  for (const Metric::Bucket& bucket : metric.histogram.bucket) {
    out.Message(fields::kBucket, [&](ProtobufWriter& each) {
      each.Uint(fields::kBucketCount, bucket.cumulative_count);
      each.Double(fields::kBucketBound, bucket.upper_bound);
    });
  }
  if (context.start_ms) fields::AppendTimestamp(fields::kHistogramStart, *context.start_ms, out);
}

void WriteMetric(const Metric& metric, const Context& context, std::string& out) {
  const exposition::LabelSpeller speller(exposition::LabelSpelling::kProtobuf);
  ProtobufWriter writer(out);
  for (const Metric::Label& label : metric.label) speller.Append(label.name, label.value, out);
  if (context.type == MetricType::Histogram) {
    writer.Message(fields::kHistogram, [&](ProtobufWriter& histogram) { WriteHistogram(metric, context, histogram); });
  } else if (context.type == MetricType::Counter) {
    writer.Message(fields::kCounter, [&](ProtobufWriter& counter) {
      counter.Double(fields::kValue, metric.counter.value);
      if (context.start_ms) fields::AppendTimestamp(fields::kCounterStart, *context.start_ms, counter);
    });
  } else {
    writer.Message(fields::kGauge, [&](ProtobufWriter& gauge) { gauge.Double(fields::kValue, metric.gauge.value); });
  }
}

}  // namespace

std::string RegistryProtobuf(const std::vector<prometheus::MetricFamily>& families, const NativeHistograms& natives,
                             std::optional<uint64_t> start_ms) {
  std::string out;
  for (const prometheus::MetricFamily& family : families) {
    const auto native = natives.find(family.name);
    const Context context = {family.type, native != natives.end() ? native->second : nullptr, start_ms};
    std::string message = exposition::ProtobufHead({family.name, TypeOf(family.type), family.help});
    for (const Metric& metric : family.metric) {
      ProtobufWriter(message).Message(fields::kFamilyMetric,
                                      [&](ProtobufWriter&) { WriteMetric(metric, context, message); });
    }
    ProtobufWriter(out).Varint(message.size());
    out.append(message);
  }
  return out;
}

}  // namespace brahe::instruments
