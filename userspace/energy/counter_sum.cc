#include "userspace/energy/counter_sum.h"

#include <utility>

namespace brahe::energy {

void CounterSum::Accept(size_t member, const CounterReading& reading, const CounterLimits& limits) {
  const auto last = std::exchange(members_[member], reading);
  if (last) {
    const auto step = StepBetween(*last, reading, limits);
    total_ += step.value_or(Microjoules{});
    if (!step) ++resets_;
  }
  if (!sample_.first) sample_.first = reading;
  sample_.last = reading;
}

void CounterSum::Fail(size_t member, const Error& error) {
  members_[member].reset();
  ++sample_.failed;
  if (!sample_.why) sample_.why = error;
}

Result<CounterReading> CounterSum::Take() {
  taken_ = std::exchange(sample_, {});
  if (!taken_.first) return taken_.why.value_or(MakeError("it has no counters"));
  return CounterReading{
      .energy = total_, .time = MiddleOf(taken_.first->time, taken_.last->time), .suspended = taken_.last->suspended};
}

std::optional<std::string> CounterSum::Missing() const {
  if (taken_.failed == 0) return std::nullopt;
  return std::to_string(taken_.failed) + " of " + std::to_string(members_.size()) +
         " counters cannot be read: " + taken_.why->message;
}

}  // namespace brahe::energy
