#include "userspace/energy/power_integral.h"

#include <utility>

namespace brahe::energy {
namespace {

constexpr uint64_t kHalfNanosecondsPerSecond = 2'000'000'000;

}  // namespace

PowerIntegral::PowerIntegral(const Values& values)
    : last_(Reading{values.power, values.time}),
      energy_(values.energy),
      remainder_(values.remainder % kHalfNanosecondsPerSecond) {}

std::optional<PowerIntegral::Values> PowerIntegral::values() const {
  if (!last_) return std::nullopt;
  return Values{.power = last_->power, .time = last_->time, .energy = energy_, .remainder = remainder_};
}

bool PowerIntegral::Add(Microwatts power, Nanoseconds time) {
  const std::optional<Reading> last = std::exchange(last_, Reading{power, time});
  if (!last || time - last->time > kLongestGap) return false;
  const Uint128 twice = static_cast<Uint128>(last->power.value) + power.value;
  const Uint128 sum = twice * (time - last->time).value + remainder_;
  energy_ += Microjoules{static_cast<uint64_t>(sum / kHalfNanosecondsPerSecond)};
  remainder_ = static_cast<uint64_t>(sum % kHalfNanosecondsPerSecond);
  return true;
}

}  // namespace brahe::energy
