#pragma once

#include <string>
#include <string_view>

#include "userspace/base/units.h"

namespace brahe::check {

// Figures as they stand in a finding: "12.345 J", "3.20 W", "0.300124 s", "1.2 %".
std::string InJoules(Microjoules energy);
std::string InWatts(Microjoules energy, Nanoseconds time);
std::string InSeconds(Nanoseconds time);
std::string InPercent(double share);
// "1 zone", "3 zones".
std::string Count(uint64_t count, std::string_view thing);

}  // namespace brahe::check
