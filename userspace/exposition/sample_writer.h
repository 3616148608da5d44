#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "userspace/exposition/exposition.h"
#include "userspace/exposition/label_spelling.h"

namespace brahe::exposition {

// The head of a family. What it refers to outlives its samples.
struct FamilyHead {
  std::string_view name;
  FamilyType type = FamilyType::kGauge;
  std::string_view help;
};

// A sample's value: an integer of a decimal unit.
struct SampleValue {
  enum class Unit : uint8_t { kOnes, kMillionths, kBillionths };

  static SampleValue Ones(uint64_t count) { return {count, Unit::kOnes}; }
  static SampleValue Millionths(uint64_t count) { return {count, Unit::kMillionths}; }
  static SampleValue Billionths(uint64_t count) { return {count, Unit::kBillionths}; }

  uint64_t count = 0;
  Unit unit = Unit::kOnes;
};

// The double that is nearest to one of more than 2^53 millionths or thousand-millionths.
double NearestDoubleOfMany(const SampleValue& value);

// The double that is nearest to it: what a reader of the decimal number gets. Up to 2^53 a count is a double, and so
// the quotient of two doubles is rounded but once.
inline double NearestDouble(const SampleValue& value) {
  if (value.unit == SampleValue::Unit::kOnes) return static_cast<double>(value.count);
  if (value.count > 1ULL << 53) return NearestDoubleOfMany(value);
  return static_cast<double>(value.count) / (value.unit == SampleValue::Unit::kMillionths ? 1e6 : 1e9);
}

// What the samples of one workload have in common. It refers to what it was made from.
struct SeriesLabels {
  std::string_view first, second;    // spelt by LabelSpeller, one behind the other
  std::optional<uint64_t> start_ms;  // when the counter was 0, in Unix time; nullopt: not told
};

class NewSeries;

// The label that samples of an earlier time have beside their series' own. Without a value it is as if it were not
// there; but Prometheus, which takes a series that stands in a scrape twice for a mistake, looks at how it is written.
inline constexpr std::string_view kEarlierLabel = "_";

// Writes the samples of one family in one format. One thread at a time.
class SampleWriter {
 public:
  virtual ~SampleWriter() = default;

  // Whose samples come next. `labels` must outlive them.
  virtual void Begin(const SeriesLabels& labels) = 0;
  // One sample of these labels and of those in `more`, which is spelt likewise and may be empty.
  virtual void Add(std::string_view more, const SampleValue& value) = 0;
  // The same for a sample that has a timestamp, in Unix time, before the scrape's. Before Add of the same labels.
  virtual void AddEarlier(std::string_view more, const SampleValue& value, uint64_t unix_ms) = 0;

  // What is new to the scraper that the samples are for; null where it is not known.
  [[nodiscard]] const NewSeries* news() const { return news_; }

 protected:
  explicit SampleWriter(const NewSeries* news) : news_(news) {}

 private:
  const NewSeries* const news_;
};

// One sample whose labels are put together for it alone.
//   LabelledSample(LabelSpelling::kText, writer).Label("job", "a").Ones(1);
class LabelledSample {
 public:
  LabelledSample(LabelSpelling spelling, SampleWriter& writer) : speller_(spelling), writer_(writer) {}

  LabelledSample& Label(std::string_view name, std::string_view value) {
    speller_.Append(name, value, labels_);
    return *this;
  }
  // Labels that are spelt already.
  LabelledSample& Labels(std::string_view spelt) {
    labels_.append(spelt);
    return *this;
  }
  LabelledSample& Start(std::optional<uint64_t> unix_ms) {
    start_ms_ = unix_ms;
    return *this;
  }
  void Ones(uint64_t count) { Write(SampleValue::Ones(count)); }
  void Millionths(uint64_t count) { Write(SampleValue::Millionths(count)); }
  void Billionths(uint64_t count) { Write(SampleValue::Billionths(count)); }

 private:
  void Write(const SampleValue& value) {
    writer_.Begin({labels_, {}, start_ms_});
    writer_.Add({}, value);
  }

  const LabelSpeller speller_;
  SampleWriter& writer_;
  std::string labels_;
  std::optional<uint64_t> start_ms_;
};

}  // namespace brahe::exposition
