#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "userspace/exposition/sample_writer.h"

namespace brahe::exposition {

// Samples as lines of text.
class TextSamples final : public SampleWriter {
 public:
  // `created`: a counter's sample whose start is known is followed by one of the name in _created, as in OpenMetrics.
  // Samples are appended to `out`, which is referred to; for `news`, too, see SampleWriter.
  TextSamples(const FamilyHead& family, ExpositionFormat format, bool created, const NewSeries* news, std::string& out);

  void Begin(const SeriesLabels& labels) override;
  void Add(std::string_view more, const SampleValue& value) override;
  void AddEarlier(std::string_view more, const SampleValue& value, uint64_t unix_ms) override;
  // Lines that were written.
  [[nodiscard]] uint64_t series() const { return series_; }

 private:
  // Appends name{labels, all but those that differ from sample to sample.
  void AppendCommon();
  // Appends name{labels, without what closes them.
  void AppendLabels(std::string_view name);
  void AppendCreated(std::string_view more);

  const FamilyHead family_;
  const ExpositionFormat format_;
  const bool created_;
  std::string& out_;
  SeriesLabels labels_;
  // Where in out_ the labels in common stand already, with the name before them.
  size_t common_begin_ = 0;
  size_t common_size_ = 0;
  uint64_t series_ = 0;
};

}  // namespace brahe::exposition
