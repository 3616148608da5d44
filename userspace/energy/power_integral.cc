#include "userspace/energy/power_integral.h"

#include <utility>

namespace brahe::energy {

bool PowerIntegral::Add(Microwatts power, Nanoseconds time) {
  constexpr uint64_t kHalfNanosecondsPerSecond = 2'000'000'000;
  const std::optional<Reading> last = std::exchange(last_, Reading{power, time});
  if (!last || time - last->time > kLongestGap) return false;
  const Uint128 twice = static_cast<Uint128>(last->power.value) + power.value;
  const Uint128 sum = twice * (time - last->time).value + remainder_;
  energy_ += Microjoules{static_cast<uint64_t>(sum / kHalfNanosecondsPerSecond)};
  remainder_ = static_cast<uint64_t>(sum % kHalfNanosecondsPerSecond);
  return true;
}

}  // namespace brahe::energy
