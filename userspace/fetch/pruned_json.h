#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_set>

#include "userspace/base/result.h"

namespace brahe::fetch {

// Both in bytes, from 1 on: of the text that is parsed, and of the answer that this is a part of.
using JsonPlace = std::function<size_t(size_t)>;

struct JsonBounds {
  size_t max_depth = 64;          // of arrays and objects in one another
  size_t max_values = 2'000'000;  // that are kept
  size_t max_string = 4096;       // bytes; a longer one becomes null
};

// Reads JSON from others: of each object only the members named in `keys`, at any level, are kept, so that a huge
// answer does not become a huge tree. The Error says where the text is broken, at `place` of the position there, or
// what bound it breaks (E2BIG).
Result<nlohmann::json> ParsePruned(std::string_view text, const std::unordered_set<std::string_view>& keys,
                                   const JsonBounds& bounds = {}, const JsonPlace& place = std::identity());

}  // namespace brahe::fetch
