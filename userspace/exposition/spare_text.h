#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <utility>

namespace brahe::exposition {

// The memory of one large text, kept for the next one. What is freed goes back to the kernel, and to get as many pages
// again costs up to half of a scrape where page faults are dear, as in virtual machines. Any thread.
class SpareText {
 public:
  // More than this is not kept.
  static constexpr size_t kMostBytes = 4 << 20;

  // An empty text, which has the memory of an earlier one if that is not in use.
  std::string Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(text_, {});
  }
  // `text` as it was used: memory of which it needed less than a quarter is that of a crowd that has gone.
  void GiveBack(std::string text) {
    if (text.capacity() / 4 > text.size()) return;
    const std::lock_guard lock(mutex_);
    if (text.capacity() > kMostBytes || text.capacity() <= text_.capacity()) return;
    text_ = std::move(text);
    text_.clear();
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

}  // namespace brahe::exposition
