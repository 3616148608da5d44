#include "userspace/base/nearest_name.h"

#include <algorithm>
#include <numeric>

namespace brahe {

size_t EditDistance(std::string_view a, std::string_view b) {
  // row[j] is the distance between the part of `a` that was seen so far and the first j letters of `b`.
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::optional<std::string> NearestName(std::string_view name, const std::vector<std::string>& candidates) {
  // A name that is far longer than any option is no slip of the pen, and comparing it would only take time.
  constexpr size_t kLongest = 200;
  if (name.size() > kLongest) return std::nullopt;
  size_t best = name.size() / 3;
  std::optional<std::string> nearest;
  for (const std::string& candidate : candidates) {
    const size_t distance = EditDistance(name, candidate);
    if (distance < best || (distance == best && !nearest)) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace brahe
