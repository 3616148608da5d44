#pragma once

#include <cstddef>
#include <functional>

#include "userspace/top/frame.h"

namespace brahe::top {

// Namespaces with their pods, these with their containers, these and virtual machines with their processes, each below
// what it is in; what is in nothing that is listed stands at the top. Siblings are in the order of `is_before` (row a
// of one level before row b of another). Who does not match and has nobody in it who does is left out. Any thread.
Level TreeOf(const Frame& frame,
             const std::function<bool(const Level& a, size_t row_a, const Level& b, size_t row_b)>& is_before,
             const std::function<bool(const Row& row)>& matches);

}  // namespace brahe::top
