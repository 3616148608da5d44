#pragma once

#include <cstdint>

#include "userspace/base/units.h"

namespace brahe::energy {

// RAPL's counters move in steps: a reading tells of the energy until the last step, and the next one is at most this
// far away, in 99 of 100 cases. From 9,997 steps of a Xeon's of Ice Lake (github.com/lukalt/icpe-2024-rapl-validation):
// 1.00 ms apart on average, 1.65 ms at the 99th percentile; scripts/fit_energy_model --check compares.
constexpr Nanoseconds kUpdateJitter = {1'650'000};

// By which part of itself, in millionths and rounded up, a counter's energy of an epoch may be off because of that, if
// power is about the same at the epoch's two ends: what is missing at its end is there at its begin, and the other way
// round. A million of an epoch that is shorter than a step. That a counter's scale itself is off is not in it.
uint64_t UpdateJitterPpm(Nanoseconds epoch);

}  // namespace brahe::energy
