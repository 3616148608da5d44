#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "userspace/exposition/families.h"

namespace brahe::exposition {

// Makes one RenderInput of a snapshot for all scrapes that render it at the same time, and keeps none that nobody
// renders. Any thread.
class RenderInputs {
 public:
  explicit RenderInputs(RenderOptions options) : options_(std::move(options)) {}

  std::shared_ptr<const RenderInput> Of(const std::shared_ptr<const monitor::Snapshot>& snapshot);

  [[nodiscard]] RenderOptions options() const;
  // Holds for scrapes that begin afterwards.
  void SetOptions(RenderOptions options);

 private:
  mutable std::mutex mutex_;
  RenderOptions options_;
  std::weak_ptr<const RenderInput> latest_;
};

}  // namespace brahe::exposition
