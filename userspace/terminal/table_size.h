#pragma once

#include <cstddef>

namespace brahe::terminal {

// Of a terminal, in characters.
struct TableSize {
  size_t columns = 80;
  size_t rows = 24;
};

}  // namespace brahe::terminal
