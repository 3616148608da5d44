#include "userspace/exposition/renderer.h"

#include <utility>

#include "userspace/exposition/protobuf_renderer.h"
#include "userspace/exposition/text_renderer.h"

namespace brahe::exposition {

std::unique_ptr<ExpositionStream> MakeRenderer(std::shared_ptr<const RenderInput> input, ExpositionFormat format,
                                               std::string registry, std::vector<std::string> levels,
                                               std::shared_ptr<const NewSeries> news) {
  if (format == ExpositionFormat::kProtobuf) {
    return std::make_unique<ProtobufRenderer>(std::move(input), std::move(registry), std::move(levels),
                                              std::move(news));
  }
  return std::make_unique<TextRenderer>(std::move(input), format, std::move(registry), std::move(levels),
                                        std::move(news));
}

}  // namespace brahe::exposition
