#include "userspace/energy/counter.h"

#include <algorithm>

namespace brahe::energy {
namespace {

constexpr Nanoseconds kTimeSlack = Milliseconds(50);
constexpr Microjoules kEnergySlack = Joules(1);

Nanoseconds Since(Nanoseconds last, Nanoseconds now) { return now > last ? now - last : Nanoseconds{}; }

bool Plausible(Microjoules step, Nanoseconds elapsed, Microwatts power) {
  constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;
  if (step <= kEnergySlack) return true;
  // uW * ns = 1e-9 uJ. In 128 bits, so that no time and no garbage in the counter overflows.
  const Uint128 needed = static_cast<Uint128>((step - kEnergySlack).value) * kNanosecondsPerSecond;
  const Uint128 time = static_cast<Uint128>(elapsed.value) + kTimeSlack.value;
  return needed <= time * power.value;
}

}  // namespace

std::optional<Microjoules> StepBetween(const CounterReading& last, const CounterReading& now,
                                       const CounterLimits& limits) {
  const Nanoseconds elapsed = Since(last.time, now.time);
  const Nanoseconds suspended = SuspendedBetween(last, now);
  if (now.energy >= last.energy) {
    const Microjoules rise = now.energy - last.energy;
    return Plausible(rise, elapsed + suspended, limits.plausible_power) ? std::optional(rise) : std::nullopt;
  }
  if (suspended.value != 0 || last.energy > limits.max_range) return std::nullopt;
  const Microjoules wrap = limits.max_range - last.energy + now.energy;
  return Plausible(wrap, elapsed, limits.wrap_power) ? std::optional(wrap) : std::nullopt;
}

Nanoseconds SafeSampleInterval(Microjoules max_range, Microwatts plausible_power) {
  const Nanoseconds around = {ScaleDown(max_range.value, Seconds(1).value, plausible_power.value)};
  return std::clamp(around / 2, Seconds(1), Seconds(5));
}

Nanoseconds SuspendedBetween(Nanoseconds last, Nanoseconds now) {
  // The kernel tells of seconds. What is less is a clock that was read a little late.
  constexpr Nanoseconds kInexact = Milliseconds(50);
  const Nanoseconds suspended = Since(last, now);
  return suspended > kInexact ? suspended : Nanoseconds{};
}

Nanoseconds SuspendedBetween(const CounterReading& last, const CounterReading& now) {
  return SuspendedBetween(last.suspended, now.suspended);
}

}  // namespace brahe::energy
