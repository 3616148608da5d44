#include "userspace/kube/unknown_ids.h"

#include <algorithm>

namespace brahe::kube {

bool UnknownIds::Ask(const std::string& id, Nanoseconds now) {
  auto found = ids_.find(id);
  if (found == ids_.end()) {
    if (ids_.size() >= options_.max_ids) return false;
    found = ids_.emplace(id, Unknown{.asked_at = now, .retry_at = now, .delay = options_.first_delay}).first;
  }
  Unknown& unknown = found->second;
  if (unknown.due) return false;
  unknown.asked_at = now;
  if (now < unknown.retry_at) return false;
  unknown.due = true;
  return due_++ == 0;
}

void UnknownIds::Forget(const std::function<bool(const std::string&)>& is_known) {
  EraseIf([&](const auto& entry) { return is_known(entry.first); });
}

void UnknownIds::Answer(Nanoseconds began, Nanoseconds now) {
  const Nanoseconds long_time = options_.longest_delay * 2;
  EraseIf([&](const auto& entry) { return now - entry.second.asked_at > long_time; });
  for (auto& [id, unknown] : ids_) {
    if (unknown.due && unknown.asked_at > began) continue;
    due_ -= unknown.due ? 1 : 0;
    unknown.due = false;
    unknown.retry_at = now + unknown.delay;
    unknown.delay = std::min(unknown.delay * 2, options_.longest_delay);
  }
}

template <typename Predicate>
void UnknownIds::EraseIf(Predicate predicate) {
  std::erase_if(ids_, [&](const auto& entry) {
    const bool erased = predicate(entry);
    if (erased && entry.second.due) --due_;
    return erased;
  });
}

}  // namespace brahe::kube
