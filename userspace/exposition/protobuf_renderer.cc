#include "userspace/exposition/protobuf_renderer.h"

#include <utility>

#include "userspace/base/protobuf_writer.h"
#include "userspace/exposition/protobuf_samples.h"

namespace brahe::exposition {

ProtobufRenderer::ProtobufRenderer(std::shared_ptr<const RenderInput> input, std::string registry,
                                   std::vector<std::string> levels, std::shared_ptr<const NewSeries> news)
    : cursor_(std::move(input), std::move(levels)), news_(std::move(news)), registry_(std::move(registry)) {}

void ProtobufRenderer::AppendNextItem(std::string& out) {
  while (!cursor_.AtEnd() && out.empty()) {
    if (cursor_.AtFirstItem()) {
      tally_.Enter(cursor_.family().level);
      AppendHead(out);
      if (out.empty()) {
        cursor_.AdvanceFamily();
        continue;
      }
    }
    ProtobufSamples samples(cursor_.family().type, news_.get(), out);
    cursor_.WriteItem(samples);
    tally_.Add(samples.series(), out.size());
    cursor_.Advance();
  }
  if (out.empty() && !registry_written_) {
    registry_written_ = true;
    out = std::move(registry_);
    tally_.Enter("");
    tally_.Add(0, out.size());
  }
}

void ProtobufRenderer::AppendHead(std::string& out) const {
  ProtobufSizes sizes(cursor_.family().type, news_.get());
  cursor_.WriteAllItems(sizes);
  if (sizes.bytes() == 0) return;
  const std::string head = ProtobufHead(cursor_.family().head());
  ProtobufWriter(out).Varint(head.size() + sizes.bytes());
  out.append(head);
}

}  // namespace brahe::exposition
