#pragma once

#include <span>

#include "userspace/exposition/families.h"

namespace brahe::exposition {

// The families of GPUs and of those who use them: Kepler's, and ours. Without a GPU they have no items. Any thread.
std::span<const Family> KeplerGpuFamilies();
std::span<const Family> GpuFamilies();

}  // namespace brahe::exposition
