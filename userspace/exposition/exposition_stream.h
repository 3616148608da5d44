#pragma once

#include "userspace/exposition/item_stream.h"
#include "userspace/exposition/level_sizes.h"

namespace brahe::exposition {

// An exposition while it is rendered.
class ExpositionStream : public ItemStream {
 public:
  // What was rendered so far. The registry's part has bytes and no series here.
  [[nodiscard]] virtual const LevelSizes& sizes() const = 0;
};

}  // namespace brahe::exposition
