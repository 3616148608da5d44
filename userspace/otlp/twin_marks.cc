#include "userspace/otlp/twin_marks.h"

#include <utility>

namespace brahe::otlp {

std::vector<bool> TwinMarks::Mark(const std::vector<Item>& items) {
  const auto plain = std::exchange(plain_, {});
  const auto marked = std::exchange(marked_, {});
  for (const Item& item : items) {
    const auto before = plain.find(item.hash);
    if (before != plain.end() && before->second == item.serial) plain_.insert(*before);
  }
  std::vector<bool> marks;
  marks.reserve(items.size());
  for (const Item& item : items) {
    const bool mark =
        marked.contains(item.serial) || plain_.try_emplace(item.hash, item.serial).first->second != item.serial;
    if (mark) marked_.insert(item.serial);
    marks.push_back(mark);
  }
  return marks;
}

}  // namespace brahe::otlp
