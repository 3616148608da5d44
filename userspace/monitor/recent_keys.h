#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "userspace/base/process_key.h"

namespace brahe::monitor {

// Remembers keys for a few epochs, at 16 bytes each. A key is found from the epoch after the one that added it on.
// Not thread-safe.
class RecentKeys {
 public:
  void Add(const ProcessKey& key) { added_.push_back(key); }

  [[nodiscard]] bool Contains(const ProcessKey& key) const {
    return std::any_of(sorted_.begin(), sorted_.end(), [&](const std::vector<ProcessKey>& keys) {
      return std::binary_search(keys.begin(), keys.end(), key);
    });
  }

  // Forgets the oldest epoch's keys.
  void EndEpoch() {
    std::rotate(sorted_.rbegin(), sorted_.rbegin() + 1, sorted_.rend());
    sorted_.front().clear();
    sorted_.front().swap(added_);
    std::sort(sorted_.front().begin(), sorted_.front().end());
  }

 private:
  std::vector<ProcessKey> added_;
  std::array<std::vector<ProcessKey>, 4> sorted_;  // the latest epoch first
};

}  // namespace brahe::monitor
