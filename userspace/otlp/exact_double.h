#pragma once

#include <cstdint>

#include "userspace/base/units.h"

namespace brahe::otlp {

// The double nearest to a whole number of parts of a unit: rounded once, and so always the same for the same number.
// Any thread.
double InJoules(Microjoules energy);
double InWatts(Microwatts power);
double InSeconds(Nanoseconds time);

}  // namespace brahe::otlp
