#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brahe {

// How many letters must be inserted, removed or replaced to make one word of the other (Levenshtein).
size_t EditDistance(std::string_view a, std::string_view b);

// The candidate that `name` was most likely meant to be: the one at the smallest distance, the first of equals.
// nullopt if even that one differs in more than a third of the letters of `name`.
std::optional<std::string> NearestName(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace brahe
