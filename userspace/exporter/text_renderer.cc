#include "userspace/exporter/text_renderer.h"

#include <algorithm>
#include <utility>

namespace brahe {

TextRenderer::TextRenderer(std::shared_ptr<const RenderInput> input, ExpositionFormat format, std::string registry_text)
    : input_(std::move(input)), format_(format), registry_text_(std::move(registry_text)) {
  EnterFamily(0);
}

size_t TextRenderer::Next(char* buffer, size_t capacity) {
  size_t written = 0;
  while (written < capacity) {
    if (pending_offset_ == pending_.size() && !RenderNextItem()) break;
    const size_t size = std::min(capacity - written, pending_.size() - pending_offset_);
    std::copy_n(pending_.data() + pending_offset_, size, buffer + written);
    pending_offset_ += size;
    written += size;
  }
  return written;
}

std::string TextRenderer::RenderAll() {
  std::string all;
  char block[4096];
  while (const size_t size = Next(block, sizeof(block))) all.append(block, size);
  return all;
}

bool TextRenderer::RenderNextItem() {
  pending_.clear();
  pending_offset_ = 0;
  while (family_ < Families().size() && pending_.empty()) {
    AppendItem();
    if (++item_ == items_) EnterFamily(family_ + 1);
  }
  if (pending_.empty() && !registry_written_) {
    registry_written_ = true;
    pending_ = std::move(registry_text_);
    AppendEnd(format_, pending_);
  }
  return !pending_.empty();
}

void TextRenderer::EnterFamily(size_t family) {
  item_ = 0;
  items_ = 0;
  header_written_ = false;
  for (family_ = family; family_ < Families().size(); ++family_) {
    const Family& candidate = Families()[family_];
    if (IsChosen(candidate.level, input_->options)) items_ = candidate.count(*input_);
    if (items_ > 0) return;
  }
}

// A header stands right before the first sample, so that it is known only with the sample whether it is wanted at all.
void TextRenderer::AppendItem() {
  const Family& family = Families()[family_];
  if (!header_written_) AppendHeader(family.name, family.type, family.help, format_, pending_);
  const size_t before = pending_.size();
  family.append(*input_, family, item_, pending_);
  if (pending_.size() == before) {
    pending_.clear();
  } else {
    header_written_ = true;
  }
}

}  // namespace brahe
