#include "userspace/gpu/card_account.h"

#include <utility>

namespace brahe::gpu {

std::optional<Microjoules> CardAccount::StepTo(const CardLook& look, Nanoseconds time, Nanoseconds suspended) {
  if (look.counter) {
    const energy::CounterReading now = {.energy = *look.counter, .time = time, .suspended = suspended};
    const auto last = std::exchange(counter_, now);
    const bool began = std::exchange(source_, CardSource::kCounter) == CardSource::kCounter && last.has_value();
    if (!began) return std::nullopt;
    const auto step = energy::StepBetween(
        *last, now, {.max_range = {}, .plausible_power = kPlausibleCardPower, .wrap_power = kPlausibleCardPower});
    if (!step) ++resets_;
    return step;
  }
  source_ = CardSource::kPower;
  counter_.reset();
  const Microjoules before = integral_.energy();
  if (!integral_.Add(*look.power, time)) return std::nullopt;
  return integral_.energy() - before;
}

void CardAccount::Add(const CardLook& look, Nanoseconds time, Nanoseconds suspended) {
  if (!look.counter && (!look.power || *look.power > kPlausibleCardPower)) return AddFailure();
  const auto step = StepTo(look, time, suspended);
  const Nanoseconds since = std::exchange(known_until_, time);
  // Who used what nobody is charged for is of no interest either.
  if (!step) return;
  used_ = used_.value_or(Microjoules{}) + *step;
  time_ += time - since;
  in_use_ = in_use_ || look.working || !look.measured.empty() || !look.open.empty();
  for (const CardUse& use : look.measured) measured_[use.pid] += use.weight;
  for (const CardUse& use : look.open) open_[use.pid] += use.weight;
}

CardState CardAccount::State() const {
  return {.uuid = {},
          .counter = counter_,
          .power = integral_.values(),
          .known_until = known_until_,
          .seen_us = 0,
          .read_errors = errors_,
          .resets = resets_};
}

void CardAccount::Resume(const CardState& state, Nanoseconds now) {
  errors_ = state.read_errors;
  resets_ = state.resets;
  const bool can_be = state.known_until <= now && (!state.counter || state.counter->time <= now) &&
                      (!state.power || state.power->time <= now);
  if (!can_be) return;
  known_until_ = state.known_until;
  counter_ = state.counter;
  if (state.power) integral_ = energy::PowerIntegral(*state.power);
  source_ = counter_ ? CardSource::kCounter : state.power ? CardSource::kPower : CardSource::kNone;
}

CardReading CardAccount::Take() {
  CardReading reading{.names = {},
                      .source = source_,
                      .used = std::exchange(used_, std::nullopt),
                      .time = std::exchange(time_, {}),
                      .in_use = std::exchange(in_use_, false),
                      .users = {},
                      .read_errors = errors_,
                      .resets = resets_};
  // Where nobody's use was measured, those pay that had the card open.
  for (const auto& [pid, weight] : measured_.empty() ? open_ : measured_) reading.users.push_back({pid, weight});
  measured_.clear();
  open_.clear();
  return reading;
}

}  // namespace brahe::gpu
