#include "userspace/exposition/series_counts.h"

#include <string_view>

#include "userspace/exposition/family_cursor.h"
#include "userspace/exposition/level_sizes.h"

namespace brahe::exposition {
namespace {

class SeriesCounter final : public SampleWriter {
 public:
  explicit SeriesCounter(bool created) : SampleWriter(nullptr), created_(created) {}

  void Begin(const SeriesLabels& labels) override { series_of_sample_ = created_ && labels.start_ms ? 2 : 1; }
  void Add(std::string_view, const SampleValue&) override { series_ += series_of_sample_; }
  void AddEarlier(std::string_view, const SampleValue&, uint64_t) override {}  // of a series that Add counts
  [[nodiscard]] uint64_t series() const { return series_; }

 private:
  const bool created_;
  uint64_t series_of_sample_ = 1;
  uint64_t series_ = 0;
};

}  // namespace

std::map<std::string, uint64_t, std::less<>> CountSeries(const std::shared_ptr<const RenderInput>& input) {
  std::map<std::string, uint64_t, std::less<>> counts;
  for (FamilyCursor cursor(input); !cursor.AtEnd(); cursor.AdvanceFamily()) {
    const Family& family = cursor.family();
    SeriesCounter counter(input->options.created_lines && family.type == FamilyType::kCounter);
    cursor.WriteAllItems(counter);
    counts[family.level.empty() ? kNoLevel : std::string(family.level)] += counter.series();
  }
  return counts;
}

}  // namespace brahe::exposition
