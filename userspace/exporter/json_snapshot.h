#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "userspace/monitor/snapshot.h"

namespace brahe {

// The media type of what JsonRenderer writes.
inline constexpr char kJsonContentType[] = "application/json";

// Renders a whole snapshot as one JSON document (docs/snapshot.md), block by block as the reader asks: it keeps its
// place and the text of a single item, so that its memory does not grow with the document. One thread at a time.
class JsonRenderer {
 public:
  JsonRenderer(std::shared_ptr<const Snapshot> snapshot, std::string node_name);
  JsonRenderer(const JsonRenderer&) = delete;
  JsonRenderer& operator=(const JsonRenderer&) = delete;

  // Writes the next bytes, at most `capacity` (which is not 0), and returns how many: `capacity` but at the end, and 0
  // when all is written.
  size_t Next(char* buffer, size_t capacity);

  // Bytes that are held for the text.
  [[nodiscard]] size_t held_bytes() const { return pending_.capacity(); }

 private:
  enum class Place { kHead, kLists, kEnd };

  // Puts the next item's text into pending_. False at the end.
  bool RenderNextItem();
  // An item of a list, or what stands before the first one or after the last.
  void RenderListItem();

  const std::shared_ptr<const Snapshot> snapshot_;
  const std::string node_name_;
  Place place_ = Place::kHead;  // what is rendered next: within the lists this item of this one
  size_t list_ = 0;
  size_t item_ = 0;
  std::string pending_;  // the last item's text, of which pending_offset_ bytes are written
  size_t pending_offset_ = 0;
};

}  // namespace brahe
