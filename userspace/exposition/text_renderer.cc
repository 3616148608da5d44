#include "userspace/exposition/text_renderer.h"

#include <utility>

#include "userspace/exposition/text_samples.h"

namespace brahe::exposition {

TextRenderer::TextRenderer(std::shared_ptr<const RenderInput> input, ExpositionFormat format, std::string registry_text,
                           std::vector<std::string> levels, std::shared_ptr<const NewSeries> news)
    : cursor_(std::move(input), std::move(levels)),
      news_(std::move(news)),
      format_(format),
      registry_text_(std::move(registry_text)) {}

void TextRenderer::AppendNextItem(std::string& out) {
  while (!cursor_.AtEnd() && out.empty()) AppendItem(out);
  if (out.empty() && !registry_written_) {
    registry_written_ = true;
    out = std::move(registry_text_);
    AppendEnd(format_, out);
    tally_.Enter("");
    tally_.Add(0, out.size());
  }
}

// A header stands right before the first sample, so that it is known only with the sample whether it is wanted at all.
void TextRenderer::AppendItem(std::string& out) {
  const FamilyHead head = cursor_.family().head();
  if (cursor_.AtFirstItem()) {
    header_written_ = false;
    tally_.Enter(cursor_.family().level);
  }
  if (!header_written_) AppendHeader(head.name, head.type, head.help, format_, out);
  const size_t before = out.size();
  const bool created = cursor_.input().options.created_lines && format_ == ExpositionFormat::kOpenMetrics;
  TextSamples samples(head, format_, created, news_.get(), out);
  cursor_.WriteItem(samples);
  if (out.size() == before) {
    out.clear();
  } else {
    header_written_ = true;
    tally_.Add(samples.series(), out.size());
  }
  cursor_.Advance();
}

}  // namespace brahe::exposition
