#include "userspace/kube/unlisted_pods.h"

namespace brahe::kube {

void UnlistedPods::Ask(const std::string& uid, Nanoseconds now) {
  if (const auto found = pods_.find(uid); found != pods_.end()) {
    found->second.last = now;
  } else if (pods_.size() < options_.max_pods) {
    pods_.emplace(uid, Times{.first = now, .last = now});
  }
}

void UnlistedPods::Forget(const std::function<bool(const std::string&)>& is_listed, Nanoseconds now) {
  std::erase_if(pods_,
                [&](const auto& pod) { return now - pod.second.last >= options_.memory || is_listed(pod.first); });
}

UnlistedPods::Finding UnlistedPods::Find(Nanoseconds now) const {
  Finding finding;
  for (const auto& [uid, times] : pods_) {
    if (now - times.first < options_.patience) continue;
    if (finding.pods++ == 0 || uid < finding.uid) finding.uid = uid;
  }
  return finding;
}

}  // namespace brahe::kube
