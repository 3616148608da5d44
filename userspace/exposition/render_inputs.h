#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "userspace/exposition/families.h"

namespace brahe::exposition {

// Makes one RenderInput of a snapshot for all scrapes that render it at the same time with labels in the same spelling,
// and keeps none that nobody renders. Any thread.
class RenderInputs {
 public:
  explicit RenderInputs(RenderOptions options) : options_(std::move(options)) {}

  std::shared_ptr<const RenderInput> Of(const std::shared_ptr<const monitor::Snapshot>& snapshot,
                                        LabelSpelling spelling = LabelSpelling::kText);

  [[nodiscard]] RenderOptions options() const;
  // Holds for scrapes that begin afterwards.
  void SetOptions(RenderOptions options);

 private:
  mutable std::mutex mutex_;
  RenderOptions options_;
  std::array<std::weak_ptr<const RenderInput>, 2> latest_;  // by LabelSpelling
  std::optional<RenderClock> clock_;
};

}  // namespace brahe::exposition
