#pragma once

#include <cstddef>
#include <string>

namespace brahe::exposition {

// A text that is made item by item and read block by block, so that memory does not grow with it. One thread at a time.
class ItemStream {
 public:
  ItemStream() = default;
  virtual ~ItemStream() = default;
  ItemStream(const ItemStream&) = delete;
  ItemStream& operator=(const ItemStream&) = delete;

  // Writes the next bytes, at most `capacity` (which is not 0), and returns how many: `capacity` but at the end, and 0
  // when all is written.
  size_t Next(char* buffer, size_t capacity);
  // The rest in one piece, for tests.
  std::string ReadAll();
  // Bytes that are held for the text.
  [[nodiscard]] size_t held_bytes() const { return pending_.capacity(); }

 private:
  // Appends the next item to `out`, which is empty. Nothing appended is the end.
  virtual void AppendNextItem(std::string& out) = 0;

  std::string pending_;  // the last item's text, of which pending_offset_ bytes are written
  size_t pending_offset_ = 0;
};

}  // namespace brahe::exposition
