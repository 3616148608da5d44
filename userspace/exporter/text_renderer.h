#pragma once

#include <memory>
#include <string>

#include "userspace/exporter/families.h"
#include "userspace/monitor/snapshot.h"

namespace brahe {

// The media type of what TextRenderer writes.
inline constexpr char kTextContentType[] = "text/plain; version=0.0.4; charset=utf-8";

// Renders a snapshot as Prometheus text 0.0.4, block by block as the reader asks: it keeps its place and the text of a
// single item, so that its memory does not grow with the exposition. One thread at a time.
class TextRenderer {
 public:
  // `options` must outlive this. `registry_text`, an exposition of other families, follows the snapshot's.
  TextRenderer(std::shared_ptr<const Snapshot> snapshot, const RenderOptions& options, std::string registry_text);
  TextRenderer(const TextRenderer&) = delete;
  TextRenderer& operator=(const TextRenderer&) = delete;

  // Writes the next bytes, at most `capacity` (which is not 0), and returns how many: `capacity` but at the end, and 0
  // when all is written.
  size_t Next(char* buffer, size_t capacity);

  // The rest in one piece, for tests.
  std::string RenderAll();

 private:
  // Puts the next item's text into pending_. False at the end.
  bool RenderNextItem();
  void AppendItem();
  [[nodiscard]] bool IsChosen(const Family& family) const;

  const std::shared_ptr<const Snapshot> snapshot_;
  const RenderInput input_;
  std::string registry_text_;
  size_t family_ = 0;  // what is rendered next: this item of this family
  size_t item_ = 0;
  bool header_written_ = false;  // of this family
  std::string pending_;          // the last item's text, of which pending_offset_ bytes are written
  size_t pending_offset_ = 0;
};

}  // namespace brahe
