#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "userspace/exposition/families.h"

namespace brahe::exposition {

// Goes through the families that are wanted and have items, and through the items of each. One thread at a time.
class FamilyCursor {
 public:
  // `levels`: those of the chosen ones that are wanted; empty: all. Families of no level always are.
  explicit FamilyCursor(std::shared_ptr<const RenderInput> input, std::vector<std::string> levels = {})
      : input_(std::move(input)), levels_(std::move(levels)) {
    Enter(0);
  }

  [[nodiscard]] bool AtEnd() const { return family_ == input_->families.size(); }
  // These not at the end. The family:
  [[nodiscard]] const Family& family() const { return input_->families[family_]; }
  [[nodiscard]] bool AtFirstItem() const { return item_ == 0; }
  // Writes the samples of the item, and of all items of the family.
  void WriteItem(SampleWriter& out) const { family().append(*input_, family(), item_, out); }
  void WriteAllItems(SampleWriter& out) const {
    for (size_t item = 0; item < items_; ++item) family().append(*input_, family(), item, out);
  }
  void Advance() {
    if (++item_ == items_) Enter(family_ + 1);
  }
  void AdvanceFamily() { Enter(family_ + 1); }

  [[nodiscard]] const RenderInput& input() const { return *input_; }

 private:
  void Enter(size_t family) {
    item_ = 0;
    items_ = 0;
    for (family_ = family; family_ < input_->families.size(); ++family_) {
      const Family& candidate = input_->families[family_];
      if (Wants(candidate.level)) items_ = candidate.count(*input_, candidate);
      if (items_ > 0) return;
    }
  }

  [[nodiscard]] bool Wants(std::string_view level) const {
    if (!IsChosen(level, input_->options)) return false;
    return level.empty() || levels_.empty() || std::find(levels_.begin(), levels_.end(), level) != levels_.end();
  }

  const std::shared_ptr<const RenderInput> input_;
  const std::vector<std::string> levels_;
  size_t family_ = 0;  // this item of this family
  size_t item_ = 0;
  size_t items_ = 0;  // of this family
};

}  // namespace brahe::exposition
