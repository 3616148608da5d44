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
  // Samples are appended to `out`, which is referred to.
  ProtobufSamples(FamilyType type, std::string& out);

  void Begin(const SeriesLabels& labels) override;
  void Add(std::string_view more, const SampleValue& value) override;
  // Samples that were written.
  [[nodiscard]] uint64_t series() const { return series_; }

 private:
  const FamilyType type_;
  std::string& out_;
  uint64_t series_ = 0;
  SeriesLabels labels_;
  std::string value_;  // the field of the value: its bytes up to the number, those of the number, and those after it
};

// Counts the bytes that ProtobufSamples would write for the same samples.
class ProtobufSizes final : public SampleWriter {
 public:
  explicit ProtobufSizes(FamilyType type) : type_(type) {}

  void Begin(const SeriesLabels& labels) override;
  void Add(std::string_view more, const SampleValue& value) override;
  [[nodiscard]] size_t bytes() const { return bytes_; }

 private:
  const FamilyType type_;
  size_t series_bytes_ = 0;  // of all that samples of the same Begin have in common
  size_t bytes_ = 0;
};

// The fields of a MetricFamily before its samples.
std::string ProtobufHead(const FamilyHead& family);

}  // namespace brahe::exposition
