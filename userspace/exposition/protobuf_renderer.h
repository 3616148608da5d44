#pragma once

#include <memory>
#include <string>
#include <vector>

#include "userspace/exposition/exposition_stream.h"
#include "userspace/exposition/families.h"
#include "userspace/exposition/family_cursor.h"
#include "userspace/exposition/level_tally.h"
#include "userspace/exposition/new_series.h"

namespace brahe::exposition {

// Renders a snapshot as a stream of MetricFamily messages, each with its length before it. A family's length is known
// before it is rendered, from a first run through its items that only counts bytes, and so no more than an item is held
// here either.
class ProtobufRenderer final : public ExpositionStream {
 public:
  // `input` has its labels in the spelling of protocol buffers. `registry`, other families in the same form, follows
  // the snapshot's.
  // `levels` as for FamilyCursor. `news`: what is new to the scraper, who then gets samples of earlier times, too;
  // null where it is not known.
  ProtobufRenderer(std::shared_ptr<const RenderInput> input, std::string registry, std::vector<std::string> levels = {},
                   std::shared_ptr<const NewSeries> news = nullptr);

  [[nodiscard]] const LevelSizes& sizes() const override { return tally_.sizes(); }

 private:
  void AppendNextItem(std::string& out) override;
  // Appends what stands before a family's samples; nothing if it has none.
  void AppendHead(std::string& out) const;

  FamilyCursor cursor_;
  LevelTally tally_;
  const std::shared_ptr<const NewSeries> news_;
  std::string registry_;
  bool registry_written_ = false;
};

}  // namespace brahe::exposition
