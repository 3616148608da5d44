#pragma once

#include <memory>
#include <string>
#include <vector>

#include "userspace/exposition/exposition.h"
#include "userspace/exposition/exposition_stream.h"
#include "userspace/exposition/families.h"
#include "userspace/exposition/family_cursor.h"
#include "userspace/exposition/level_tally.h"
#include "userspace/exposition/new_series.h"

namespace brahe::exposition {

// Renders a snapshot as an exposition of lines.
class TextRenderer final : public ExpositionStream {
 public:
  // `input` has its labels as text. `registry_text`, an exposition of other families without its end, follows the
  // snapshot's. `format` is one of the two that are text.
  // `levels` as for FamilyCursor. `news`: what is new to the scraper, who then gets samples of earlier times, too;
  // null where it is not known.
  TextRenderer(std::shared_ptr<const RenderInput> input, ExpositionFormat format, std::string registry_text,
               std::vector<std::string> levels = {}, std::shared_ptr<const NewSeries> news = nullptr);

  [[nodiscard]] const LevelSizes& sizes() const override { return tally_.sizes(); }

 private:
  void AppendNextItem(std::string& out) override;
  void AppendItem(std::string& out);

  FamilyCursor cursor_;
  LevelTally tally_;
  const std::shared_ptr<const NewSeries> news_;
  const ExpositionFormat format_;
  std::string registry_text_;
  bool header_written_ = false;  // of the cursor's family
  bool registry_written_ = false;
};

}  // namespace brahe::exposition
