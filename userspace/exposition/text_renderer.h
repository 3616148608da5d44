#pragma once

#include <memory>
#include <string>

#include "userspace/exposition/exposition.h"
#include "userspace/exposition/families.h"
#include "userspace/exposition/family_cursor.h"
#include "userspace/exposition/item_stream.h"

namespace brahe::exposition {

// Renders a snapshot as an exposition of lines.
class TextRenderer final : public ItemStream {
 public:
  // `input` has its labels as text. `registry_text`, an exposition of other families without its end, follows the
  // snapshot's. `format` is one of the two that are text.
  TextRenderer(std::shared_ptr<const RenderInput> input, ExpositionFormat format, std::string registry_text);

 private:
  void AppendNextItem(std::string& out) override;
  void AppendItem(std::string& out);

  FamilyCursor cursor_;
  const ExpositionFormat format_;
  std::string registry_text_;
  bool header_written_ = false;  // of the cursor's family
  bool registry_written_ = false;
};

}  // namespace brahe::exposition
