#pragma once

#include <cstddef>
#include <vector>

namespace brahe {

// Gives back the memory of a vector that is filled anew each time, where it has grown to a multiple of what it holds
// now: one large epoch is no reason to keep its space for ever.
template <typename T>
void ShrinkScratch(std::vector<T>& scratch) {
  constexpr size_t kSmall = 1024;
  if (scratch.capacity() > kSmall && scratch.capacity() / 4 > scratch.size()) scratch.shrink_to_fit();
}

}  // namespace brahe
