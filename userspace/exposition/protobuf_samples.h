#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "userspace/exposition/sample_writer.h"

namespace brahe::exposition {

// Samples as fields "metric" of a MetricFamily.
class ProtobufSamples final : public SampleWriter {
 public:
  // Samples are appended to `out`, which is referred to; for `news`, too, see SampleWriter.
  ProtobufSamples(FamilyType type, const NewSeries* news, std::string& out);

  void Begin(const SeriesLabels& labels) override;
  void Add(std::string_view more, const SampleValue& value) override;
  void AddEarlier(std::string_view more, const SampleValue& value, uint64_t unix_ms) override;
  // Samples that were written.
  [[nodiscard]] uint64_t series() const { return series_; }

 private:
  // The longest value: a counter's with its start.
  static constexpr size_t kMostValueBytes = 32;

  // Appends the metric up to its value, which has `value_bytes` with what is behind it.
  void WriteLabels(std::string_view more, size_t value_bytes);

  const FamilyType type_;
  std::string& out_;
  uint64_t series_ = 0;
  SeriesLabels labels_;
  char value_[kMostValueBytes];  // the field of the value, whose number is put in for each sample
  size_t value_bytes_ = 0;
};

// Counts the bytes that ProtobufSamples would write for the same samples.
class ProtobufSizes final : public SampleWriter {
 public:
  ProtobufSizes(FamilyType type, const NewSeries* news) : SampleWriter(news), type_(type) {}

  void Begin(const SeriesLabels& labels) override;
  void Add(std::string_view more, const SampleValue& value) override;
  void AddEarlier(std::string_view more, const SampleValue& value, uint64_t unix_ms) override;
  [[nodiscard]] size_t bytes() const { return bytes_; }

 private:
  const FamilyType type_;
  size_t label_bytes_ = 0;  // of the labels that samples of the same Begin have in common
  size_t value_bytes_ = 0;  // of the value of each
  size_t bytes_ = 0;
};

// The fields of a MetricFamily before its samples.
std::string ProtobufHead(const FamilyHead& family);

}  // namespace brahe::exposition
