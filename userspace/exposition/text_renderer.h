#pragma once

#include <memory>
#include <string>

#include "userspace/exposition/families.h"
#include "userspace/exposition/item_stream.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::exposition {

// Renders a snapshot as an exposition.
class TextRenderer final : public ItemStream {
 public:
  // `registry_text`, an exposition of other families without its end, follows the snapshot's.
  TextRenderer(std::shared_ptr<const RenderInput> input, ExpositionFormat format, std::string registry_text);

 private:
  void AppendNextItem(std::string& out) override;
  void AppendItem(std::string& out);
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
};

}  // namespace brahe::exposition
