#pragma once

#include <string>
#include <string_view>

#include "userspace/base/result.h"
#include "userspace/base/units.h"

namespace brahe {

// No duration that is set may be longer: a hundred years, so that sums and small multiples of it do not overflow.
inline constexpr Nanoseconds kLongestDuration = Seconds(uint64_t{876'000} * 3600);

// A duration as Go writes it: numbers with units (ns, us, ms, s, m, h), such as 5s, 1m30s or 1.5s; 0 needs no unit.
// What is smaller than a nanosecond is cut off. The Error quotes the text.
Result<Nanoseconds> ParseDuration(std::string_view text);

// The shortest text that ParseDuration reads back: 5s, 500ms, 2m, 1h30m.
std::string FormatDuration(Nanoseconds duration);

}  // namespace brahe
