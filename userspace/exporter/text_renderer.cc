#include "userspace/exporter/text_renderer.h"

#include <algorithm>
#include <utility>

namespace brahe {

TextRenderer::TextRenderer(std::shared_ptr<const Snapshot> snapshot, const RenderOptions& options,
                           std::string registry_text)
    : snapshot_(std::move(snapshot)), input_(*snapshot_, options), registry_text_(std::move(registry_text)) {}

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
  const std::span<const Family> families = Families();
  while (family_ < families.size() && pending_.empty()) {
    if (IsChosen(families[family_]) && item_ < families[family_].count(input_)) {
      AppendItem();
      ++item_;
    } else {
      ++family_;
      item_ = 0;
      header_written_ = false;
    }
  }
  if (pending_.empty()) pending_ = std::exchange(registry_text_, {});
  return !pending_.empty();
}

// A header stands right before the first sample, so that it is known only with the sample whether it is wanted at all.
void TextRenderer::AppendItem() {
  const Family& family = Families()[family_];
  if (!header_written_) AppendHeader(family, pending_);
  const size_t before = pending_.size();
  family.append(input_, family, item_, pending_);
  if (pending_.size() == before) {
    pending_.clear();
  } else {
    header_written_ = true;
  }
}

bool TextRenderer::IsChosen(const Family& family) const {
  const std::vector<std::string>& levels = input_.options.levels;
  return family.level.empty() || std::find(levels.begin(), levels.end(), family.level) != levels.end();
}

}  // namespace brahe
