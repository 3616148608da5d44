#pragma once

#include <memory>
#include <string>

#include "userspace/exporter/families.h"
#include "userspace/monitor/snapshot.h"

namespace brahe {

// Renders a snapshot as an exposition, block by block as the reader asks: it keeps its place and the text of a single
// item, so that its memory does not grow with the exposition. One thread at a time.
class TextRenderer {
 public:
  // `registry_text`, an exposition of other families without its end, follows the snapshot's.
  TextRenderer(std::shared_ptr<const RenderInput> input, ExpositionFormat format, std::string registry_text);
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
  // Goes on to the next family that is wanted and has items.
  void EnterFamily(size_t family);

  const std::shared_ptr<const RenderInput> input_;
  const ExpositionFormat format_;
  std::string registry_text_;
  size_t family_ = 0;  // what is rendered next: this item of this family
  size_t item_ = 0;
  size_t items_ = 0;             // of this family
  bool header_written_ = false;  // of this family
  bool registry_written_ = false;
  std::string pending_;  // the last item's text, of which pending_offset_ bytes are written
  size_t pending_offset_ = 0;
};

}  // namespace brahe
