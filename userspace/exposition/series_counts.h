#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "userspace/exposition/families.h"

namespace brahe::exposition {

// How many series a snapshot's exposition has at each level; what belongs to no level is under kNoLevel. Where counters
// are followed by when they were 0, these lines count as well. It takes as long as rendering.
std::map<std::string, uint64_t, std::less<>> CountSeries(const std::shared_ptr<const RenderInput>& input);

}  // namespace brahe::exposition
