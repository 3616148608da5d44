#include "userspace/energy/power_ceiling.h"

#include <algorithm>

namespace brahe::energy {

void PowerCeiling::Observe(Microjoules rise, Nanoseconds elapsed) {
  constexpr Nanoseconds kShortest = Milliseconds(100);
  if (elapsed >= kShortest) observed_ = std::max(observed_, MeanPower(rise, elapsed));
}

Microwatts PowerCeiling::Of(Microwatts stated) const {
  // Cut first, so that no garbage overflows.
  const auto times = [&](Microwatts power, uint64_t n) { return std::min(power, plausible_) * n; };
  const Microwatts known = stated.value != 0 ? times(stated, 5) : floor_;
  return std::min(std::max(known, times(observed_, 2)), plausible_);
}

}  // namespace brahe::energy
