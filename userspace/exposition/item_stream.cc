#include "userspace/exposition/item_stream.h"

#include <algorithm>

namespace brahe::exposition {

size_t ItemStream::Next(char* buffer, size_t capacity) {
  size_t written = 0;
  while (written < capacity) {
    if (pending_offset_ == pending_.size()) {
      pending_.clear();
      pending_offset_ = 0;
      AppendNextItem(pending_);
      if (pending_.empty()) break;
    }
    const size_t size = std::min(capacity - written, pending_.size() - pending_offset_);
    std::copy_n(pending_.data() + pending_offset_, size, buffer + written);
    pending_offset_ += size;
    written += size;
  }
  return written;
}

std::string ItemStream::ReadAll() {
  std::string all;
  char block[4096];
  while (const size_t size = Next(block, sizeof(block))) all.append(block, size);
  return all;
}

}  // namespace brahe::exposition
