#include "userspace/energy/counter.h"

namespace brahe {
namespace {

constexpr Nanoseconds kTimeSlack = Milliseconds(50);
constexpr Microjoules kEnergySlack = Joules(1);

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
  Microjoules step;
  if (now.energy >= last.energy) {
    step = now.energy - last.energy;
  } else if (last.energy <= limits.max_range) {
    step = limits.max_range - last.energy + now.energy;
  } else {
    return std::nullopt;
  }
  const Nanoseconds elapsed = now.time >= last.time ? now.time - last.time : Nanoseconds{};
  if (!Plausible(step, elapsed, limits.plausible_power)) return std::nullopt;
  return step;
}

}  // namespace brahe
