#include "userspace/exposition/render_inputs.h"

namespace brahe::exposition {

std::shared_ptr<const RenderInput> RenderInputs::Of(const std::shared_ptr<const monitor::Snapshot>& snapshot) {
  // Those who come meanwhile wait here instead of doing the same work.
  const std::lock_guard lock(mutex_);
  if (auto latest = latest_.lock(); latest && latest->owner == snapshot) return latest;
  auto made = std::make_shared<const RenderInput>(snapshot, options_);
  latest_ = made;
  return made;
}

RenderOptions RenderInputs::options() const {
  const std::lock_guard lock(mutex_);
  return options_;
}

void RenderInputs::SetOptions(RenderOptions options) {
  const std::lock_guard lock(mutex_);
  options_ = std::move(options);
  latest_.reset();
}

}  // namespace brahe::exposition
