#pragma once

#include <cstdint>
#include <string_view>

#include "userspace/exposition/level_sizes.h"

namespace brahe::exposition {

// Adds up what is rendered of each level. One thread at a time.
class LevelTally {
 public:
  // What comes is of `level`; empty: of none.
  void Enter(std::string_view level) {
    current_ = &sizes_.try_emplace(level.empty() ? kNoLevel : std::string(level)).first->second;
  }
  void Add(uint64_t series, uint64_t bytes) {
    current_->series += series;
    current_->bytes += bytes;
  }
  [[nodiscard]] const LevelSizes& sizes() const { return sizes_; }

 private:
  LevelSizes sizes_;
  LevelSize* current_ = nullptr;
};

}  // namespace brahe::exposition
