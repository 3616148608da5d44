#include "userspace/gpu/idle_power.h"

#include <algorithm>
#include <utility>

namespace brahe::gpu {

void IdlePower::Learn(Microjoules used, Nanoseconds time) {
  auto& [lowest, window_used, window_time] = learnt_;
  window_used += used;
  window_time += time;
  if (window_time < kStable) return;
  const Microwatts power = MeanPower(std::exchange(window_used, {}), std::exchange(window_time, {}));
  lowest = std::min(lowest.value_or(power), power);
}

Microjoules IdlePower::ActiveOf(const CardReading& reading) {
  const Microjoules used = *reading.used;
  if (!set_) Learn(used, reading.time);
  if (!set_ && !reading.in_use) return {};
  // Before any power is known: what cannot be told apart from rest is nobody's work.
  const std::optional<Microwatts> idle = set_ ? set_ : learnt_.lowest;
  if (!idle) return {};
  return used - std::min(used, EnergyOf(*idle, reading.time));
}

}  // namespace brahe::gpu
