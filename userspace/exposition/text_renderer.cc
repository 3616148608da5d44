#include "userspace/exposition/text_renderer.h"

#include <utility>

namespace brahe::exposition {

TextRenderer::TextRenderer(std::shared_ptr<const RenderInput> input, ExpositionFormat format, std::string registry_text)
    : input_(std::move(input)), format_(format), registry_text_(std::move(registry_text)) {
  EnterFamily(0);
}

void TextRenderer::AppendNextItem(std::string& out) {
  while (family_ < Families().size() && out.empty()) {
    AppendItem(out);
    if (++item_ == items_) EnterFamily(family_ + 1);
  }
  if (out.empty() && !registry_written_) {
    registry_written_ = true;
    out = std::move(registry_text_);
    AppendEnd(format_, out);
  }
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
void TextRenderer::AppendItem(std::string& out) {
  const Family& family = Families()[family_];
  if (!header_written_) AppendHeader(family.name, family.type, family.help, format_, out);
  const size_t before = out.size();
  family.append(*input_, family, item_, out);
  if (out.size() == before) {
    out.clear();
  } else {
    header_written_ = true;
  }
}

}  // namespace brahe::exposition
