#include "userspace/exposition/text_samples.h"

namespace brahe::exposition {
namespace {

constexpr std::string_view kTotal = "_total";

void AppendValue(const SampleValue& value, std::string& out) {
  switch (value.unit) {
    case SampleValue::Unit::kOnes:
      return AppendUint(value.count, out);
    case SampleValue::Unit::kMillionths:
      return AppendMillionths(value.count, out);
    case SampleValue::Unit::kBillionths:
      return AppendBillionths(value.count, out);
  }
}

}  // namespace

TextSamples::TextSamples(const FamilyHead& family, ExpositionFormat format, bool created, const NewSeries* news,
                         std::string& out)
    : SampleWriter(news),
      family_(family),
      format_(format),
      created_(created && family.type == FamilyType::kCounter),
      out_(out) {}

void TextSamples::Begin(const SeriesLabels& labels) {
  labels_ = labels;
  common_size_ = 0;
}

void TextSamples::Add(std::string_view more, const SampleValue& value) {
  AppendCommon();
  out_.append(more).append("} ");
  AppendValue(value, out_);
  out_.push_back('\n');
  ++series_;
  if (created_ && labels_.start_ms) AppendCreated(more);
}

void TextSamples::AddEarlier(std::string_view more, const SampleValue& value, uint64_t unix_ms) {
  AppendCommon();
  out_.append(more).push_back(',');
  out_.append(kEarlierLabel).append("=\"\"} ");
  AppendValue(value, out_);
  out_.push_back(' ');
  format_ == ExpositionFormat::kOpenMetrics ? AppendThousandths(unix_ms, out_) : AppendUint(unix_ms, out_);
  out_.push_back('\n');
}

void TextSamples::AppendCommon() {
  if (common_size_ == 0) {
    common_begin_ = out_.size();
    AppendLabels(family_.name);
    common_size_ = out_.size() - common_begin_;
  } else {
    out_.append(out_, common_begin_, common_size_);
  }
}

void TextSamples::AppendLabels(std::string_view name) {
  out_.append(name).push_back('{');
  if (labels_.first.empty()) return;
  out_.append(labels_.first.substr(1)).append(labels_.second);
}

void TextSamples::AppendCreated(std::string_view more) {
  std::string_view name = family_.name;
  if (name.ends_with(kTotal)) name.remove_suffix(kTotal.size());
  out_.append(name).append("_created");
  out_.append(out_, common_begin_ + family_.name.size(), common_size_ - family_.name.size());
  out_.append(more).append("} ");
  AppendMillionths(*labels_.start_ms * 1000, out_);
  out_.push_back('\n');
  ++series_;
}

}  // namespace brahe::exposition
