#pragma once

#include <optional>

#include "userspace/base/units.h"

namespace brahe::energy {

// Where a cumulative energy counter stood.
struct CounterReading {
  Microjoules energy;
  Nanoseconds time;            // on CLOCK_MONOTONIC
  Nanoseconds suspended = {};  // Clock::Suspended, then

  bool operator==(const CounterReading&) const = default;
};

// The time of a reading that was made between two looks at the clock. The counter was looked at somewhere between them;
// the middle is wrong by half of it at most, also if the thread was held up.
inline Nanoseconds MiddleOf(Nanoseconds before, Nanoseconds after) { return before + (after - before) / 2; }

// What is known of a counter.
struct CounterLimits {
  Microjoules max_range;       // its highest value, after which it wraps to 0, or its modulus; 0: not known
  Microwatts plausible_power;  // more than this is not true
  Microwatts wrap_power;       // nor is more than this in a step that would be a wrap
};

// The energy used from `last` to `now`; nullopt: the counter was set back (or jumped), so nothing is known about the
// time between, and the caller goes on from `now`.
//
// A counter that rose is believed up to `plausible_power`, over all the time that has passed.
//
// A counter that fell has wrapped once (more cannot be seen), and the step is now + max_range - last, or it was reset.
// It is a reset if max_range is not known or was already exceeded, if the step needs more than `wrap_power`, or if the
// machine was suspended meanwhile, which RAPL's registers need not survive. The hardware's modulus is one counter unit
// (some 15 to 61 uJ) more than powercap's max_range, and the unit is not told, so each wrap is short by that much.
// Where the modulus is given, the step is exact.
//
// To the elapsed time come 50 ms, for a thread that is held up between reading the counter and reading the clock, and
// to the energy 1 J, for counters that move in steps; so samples back to back are no resets.
std::optional<Microjoules> StepBetween(const CounterReading& last, const CounterReading& now,
                                       const CounterLimits& limits);

// How often a counter of that range (above 0) is to be read: half the time in which it would go around at plausible
// power, but at least 1 s, and at most 5 s: the less time between readings, the less energy could a wrap have, and the
// more resets cannot be taken for one.
Nanoseconds SafeSampleInterval(Microjoules max_range, Microwatts plausible_power);

// How long the machine was suspended between two looks at Clock::Suspended, or two readings.
Nanoseconds SuspendedBetween(Nanoseconds last, Nanoseconds now);
Nanoseconds SuspendedBetween(const CounterReading& last, const CounterReading& now);

}  // namespace brahe::energy
