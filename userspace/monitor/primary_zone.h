#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "userspace/base/units.h"

namespace brahe::monitor {

// A zone of the node, with what it has used since the start.
struct RankedZone {
  std::string_view name;
  Microjoules energy;
};

// The index of the zone that workloads are ranked by: the first of psys, package, core, dram, uncore, else of the
// others as they stand, that has used anything; 0 for none at all. Before any has, the first there is.
//
// psys, the whole machine, has used no less than its packages. One that claims less, as boards have that stands still
// or is wired to something else, would rank by nothing, and comes last.
size_t PrimaryZone(const std::vector<RankedZone>& zones);

}  // namespace brahe::monitor
