#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "userspace/base/result.h"
#include "userspace/base/units.h"

namespace brahe::energy {

// What one count of an energy counter is worth: an exact fraction of a microjoule.
struct EnergyScale {
  uint64_t numerator = 0;
  uint64_t denominator = 1;

  // The energy of so many counts, rounded down. As counters are cumulative, what is cut off is in the next reading.
  // nullopt: more than a Microjoules can hold.
  [[nodiscard]] std::optional<Microjoules> EnergyOf(uint64_t counts) const;
};

// Parses joules a count as sysfs has it, "2.3283064365386962890625e-10", which is 2^-32. An Error that quotes the text
// if it is not a decimal number above 0, or its fraction does not fit.
Result<EnergyScale> ParseEnergyScale(std::string_view text);

}  // namespace brahe::energy
