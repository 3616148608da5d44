#pragma once

#include <array>
#include <string_view>

namespace brahe::exposition {

// The levels that have metrics, in the order in which they give way where not all fit: the first last.
inline constexpr std::array<std::string_view, 11> kLevels = {
    "node", "namespace", "owner", "job", "pod", "vm", "container", "user", "unit", "program", "process"};

}  // namespace brahe::exposition
