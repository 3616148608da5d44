#include "userspace/exposition/render_inputs.h"

namespace brahe::exposition {

std::shared_ptr<const RenderInput> RenderInputs::Of(const std::shared_ptr<const monitor::Snapshot>& snapshot,
                                                    LabelSpelling spelling, uint64_t own_series) {
  // Those who come meanwhile wait here instead of doing the same work.
  const std::lock_guard lock(mutex_);
  Latest& kept = latest_[static_cast<size_t>(spelling)];
  if (auto latest = kept.input.lock(); latest && kept.snapshot.lock() == snapshot) return latest;
  const RenderClock clock = RenderClock::Of(*snapshot);
  clock_ = clock_ ? clock_->Renewed(clock) : clock;
  const auto [shown, limit] = selector_.Of(snapshot, options_, own_series);
  auto made = std::make_shared<const RenderInput>(shown, options_, spelling, *clock_, limit, spare_);
  kept = {.snapshot = snapshot, .input = made};
  return made;
}

RenderOptions RenderInputs::options() const {
  const std::lock_guard lock(mutex_);
  return options_;
}

void RenderInputs::SetOptions(RenderOptions options) {
  const std::lock_guard lock(mutex_);
  options_ = std::move(options);
  latest_ = {};
}

}  // namespace brahe::exposition
