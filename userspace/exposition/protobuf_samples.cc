#include "userspace/exposition/protobuf_samples.h"

#include <bit>
#include <cstring>

#include "userspace/base/protobuf_writer.h"
#include "userspace/exposition/metric_fields.h"

namespace brahe::exposition {
namespace {

using namespace metric_fields;  // NOLINT(google-build-using-namespace): names of fields only

// The bytes of a field "counter" or "gauge" up to its number's end, of which kValueKeyBytes are no part of its length.
constexpr size_t kValueBytes = 11;
constexpr size_t kValueKeyBytes = 2;

size_t VarintSize(uint64_t value) { return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7; }

size_t ValueFieldSize(FamilyType type, std::optional<uint64_t> start_ms) {
  if (type != FamilyType::kCounter || !start_ms) return kValueBytes;
  const size_t timestamp = 2 + VarintSize(*start_ms / 1000) + VarintSize(*start_ms % 1000 * 1'000'000);
  return kValueBytes + 2 + timestamp;
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

// What stands before the number in a field "counter" or "gauge" of `bytes`.
void PutValueKeys(FamilyType type, size_t bytes, char* field) {
  field[0] = static_cast<char>((type == FamilyType::kCounter ? kCounter : kGauge) << 3 | 2);
  field[1] = static_cast<char>(bytes - kValueKeyBytes);  // fits a byte
  field[2] = static_cast<char>(kValue << 3 | 1);
}

void PutNumber(const SampleValue& value, char* field) {
  static_assert(std::endian::native == std::endian::little, "the wire has the lowest byte first");
  const double number = NearestDouble(value);
  std::memcpy(field + kValueBytes - sizeof number, &number, sizeof number);
}

// As AppendTimestamp, without a string: there are thousands in a scrape. Returns how many bytes it has.
size_t PutStart(uint64_t unix_ms, char* field) {
  char* at = field + 2;
  *at++ = static_cast<char>(kSeconds << 3);
  at = ProtobufWriter::EncodeVarint(unix_ms / 1000, at);
  *at++ = static_cast<char>(kNanos << 3);
  at = ProtobufWriter::EncodeVarint(unix_ms % 1000 * 1'000'000, at);
  field[0] = static_cast<char>(kCounterStart << 3 | 2);
  field[1] = static_cast<char>(at - field - 2);
  return static_cast<size_t>(at - field);
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
  value_bytes_ = kValueBytes;
  if (type_ == FamilyType::kCounter && labels.start_ms) {
    value_bytes_ += PutStart(*labels.start_ms, value_ + kValueBytes);
  }
  PutValueKeys(type_, value_bytes_, value_);
}

void ProtobufSamples::Add(std::string_view more, const SampleValue& value) {
  WriteLabels(more, value_bytes_);
  PutNumber(value, value_);
  out_.append(value_, value_bytes_);
  ++series_;
}

void ProtobufSamples::AddEarlier(std::string_view more, const SampleValue& value, uint64_t unix_ms) {
  char plain[kValueBytes];
  PutValueKeys(type_, sizeof plain, plain);
  PutNumber(value, plain);
  std::string rest(plain, sizeof plain);
  ProtobufWriter(rest).Uint(kTimestampMs, unix_ms);
  rest.append(EarlierLabel());
  WriteLabels(more, rest.size());
  out_.append(rest);
}

void ProtobufSamples::WriteLabels(std::string_view more, size_t value_bytes) {
  ProtobufWriter(out_).Head(kFamilyMetric, labels_.first.size() + labels_.second.size() + more.size() + value_bytes);
  out_.append(labels_.first);
  if (!labels_.second.empty()) out_.append(labels_.second);
  out_.append(more);
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
