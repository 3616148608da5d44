#include "userspace/base/fuzz_input.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace brahe {

void Require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

void RequireOneLine(std::string_view message) {
  Require(!message.empty(), "an error says something");
  Require(std::none_of(message.begin(), message.end(), [](unsigned char c) { return c < ' '; }),
          "an error is one line: " + std::string(message));
}

}  // namespace brahe
