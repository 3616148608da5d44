#include "userspace/exposition/protobuf_samples.h"

#include <bit>

#include "userspace/base/protobuf_writer.h"
#include "userspace/exposition/metric_fields.h"

namespace brahe::exposition {
namespace {

using namespace metric_fields;  // NOLINT(google-build-using-namespace): names of fields only

// Where the eight bytes of the number stand in what AppendValueField writes.
constexpr size_t kNumberAt = 3;

// The field "counter" or "gauge" of a Metric, with 0 in the place of the number.
void AppendValueField(FamilyType type, std::optional<uint64_t> start_ms, std::string& out) {
  ProtobufWriter(out).Message(type == FamilyType::kCounter ? kCounter : kGauge, [&](ProtobufWriter& value) {
    value.Double(kValue, 0);
    if (type == FamilyType::kCounter && start_ms) AppendTimestamp(kCounterStart, *start_ms, value);
  });
}

size_t VarintSize(uint64_t value) { return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7; }

size_t ValueFieldSize(FamilyType type, std::optional<uint64_t> start_ms) {
  constexpr size_t kPlain = 11;
  if (type != FamilyType::kCounter || !start_ms) return kPlain;
  const size_t timestamp = 2 + VarintSize(*start_ms / 1000) + VarintSize(*start_ms % 1000 * 1'000'000);
  return kPlain + 2 + timestamp;
}

// The label of samples of an earlier time.
const std::string& EarlierLabel() {
  static const std::string label = [] {
    std::string spelt;
    LabelSpeller(LabelSpelling::kProtobuf).Append(kEarlierLabel, "", spelt);
    return spelt;
  }();
  return label;
}

void SetNumber(const SampleValue& value, std::string& field) {
  const auto bits = std::bit_cast<uint64_t>(NearestDouble(value));
  for (size_t i = 0; i < sizeof bits; ++i) field[kNumberAt + i] = static_cast<char>(bits >> 8 * i);
}

uint64_t NumberOf(FamilyType type) {
  switch (type) {
    case FamilyType::kCounter:
      return kTypeCounter;
    case FamilyType::kGauge:
      return kTypeGauge;
    case FamilyType::kHistogram:
      break;
  }
  return kTypeHistogram;
}

}  // namespace

ProtobufSamples::ProtobufSamples(FamilyType type, const NewSeries* news, std::string& out)
    : SampleWriter(news), type_(type), out_(out) {}

void ProtobufSamples::Begin(const SeriesLabels& labels) {
  labels_ = labels;
  value_.clear();
  AppendValueField(type_, labels.start_ms, value_);
}

void ProtobufSamples::Add(std::string_view more, const SampleValue& value) {
  SetNumber(value, value_);
  ProtobufWriter writer(out_);
  writer.Varint(kFamilyMetric << 3 | 2);
  writer.Varint(labels_.first.size() + labels_.second.size() + more.size() + value_.size());
  out_.append(labels_.first).append(labels_.second).append(more).append(value_);
  ++series_;
}

void ProtobufSamples::AddEarlier(std::string_view more, const SampleValue& value, uint64_t unix_ms) {
  std::string rest;
  AppendValueField(type_, std::nullopt, rest);
  SetNumber(value, rest);
  ProtobufWriter(rest).Uint(kTimestampMs, unix_ms);
  rest.append(EarlierLabel());
  ProtobufWriter writer(out_);
  writer.Varint(kFamilyMetric << 3 | 2);
  writer.Varint(labels_.first.size() + labels_.second.size() + more.size() + rest.size());
  out_.append(labels_.first).append(labels_.second).append(more).append(rest);
}

void ProtobufSizes::Begin(const SeriesLabels& labels) {
  label_bytes_ = labels.first.size() + labels.second.size();
  value_bytes_ = ValueFieldSize(type_, labels.start_ms);
}

void ProtobufSizes::Add(std::string_view more, const SampleValue&) {
  const size_t metric = label_bytes_ + more.size() + value_bytes_;
  bytes_ += 1 + VarintSize(metric) + metric;
}

void ProtobufSizes::AddEarlier(std::string_view more, const SampleValue&, uint64_t unix_ms) {
  const size_t timestamp = 1 + VarintSize(unix_ms);
  const size_t metric =
      label_bytes_ + more.size() + EarlierLabel().size() + ValueFieldSize(type_, std::nullopt) + timestamp;
  bytes_ += 1 + VarintSize(metric) + metric;
}

std::string ProtobufHead(const FamilyHead& family) {
  std::string head;
  ProtobufWriter writer(head);
  writer.Bytes(kFamilyName, family.name);
  writer.Bytes(kFamilyHelp, family.help);
  writer.Uint(kFamilyType, NumberOf(family.type));
  return head;
}

}  // namespace brahe::exposition
