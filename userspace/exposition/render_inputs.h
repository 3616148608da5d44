#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "userspace/exposition/families.h"
#include "userspace/exposition/selector.h"
#include "userspace/exposition/spare_text.h"

namespace brahe::exposition {

// Makes one RenderInput of a snapshot for all scrapes that render it at the same time with labels in the same spelling,
// and keeps none that nobody renders. Snapshots come in the order of their epochs. Any thread.
class RenderInputs {
 public:
  explicit RenderInputs(RenderOptions options) : options_(std::move(options)) {}

  // `own_series`: what an exposition has beside the snapshot's families.
  std::shared_ptr<const RenderInput> Of(const std::shared_ptr<const monitor::Snapshot>& snapshot,
                                        LabelSpelling spelling = LabelSpelling::kText, uint64_t own_series = 0);

  [[nodiscard]] RenderOptions options() const;
  // Holds for scrapes that begin afterwards.
  void SetOptions(RenderOptions options);

 private:
  mutable std::mutex mutex_;
  RenderOptions options_;
  struct Latest {
    std::weak_ptr<const monitor::Snapshot> snapshot;  // as it was given
    std::weak_ptr<const RenderInput> input;
  };
  std::array<Latest, 2> latest_;  // by LabelSpelling
  const std::shared_ptr<SpareText> spare_ = std::make_shared<SpareText>();
  Selector selector_;
  std::optional<RenderClock> clock_;
};

}  // namespace brahe::exposition
