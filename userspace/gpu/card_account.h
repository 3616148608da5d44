#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "userspace/base/units.h"
#include "userspace/energy/counter.h"
#include "userspace/energy/power_integral.h"
#include "userspace/gpu/card_look.h"
#include "userspace/gpu/gpu_meter.h"
#include "userspace/gpu/gpu_meter_state.h"

namespace brahe::gpu {

// More than this no card uses: such a step of its counter is a reset.
inline constexpr Microwatts kPlausibleCardPower = Watts(5000);

// Makes a card's looks into what it has used since its energy was last taken. A value; not thread-safe.
class CardAccount {
 public:
  // A look that was made at `time`, when the machine had been suspended for `suspended` in all.
  void Add(const CardLook& look, Nanoseconds time, Nanoseconds suspended);
  // One that failed. What is used until the next is charged by that, if the counter goes on.
  void AddFailure() { ++errors_; }

  // Takes what is known. The names are not filled in.
  CardReading Take();

  // After Take: what another process needs to go on. The uuid and `seen_us` are not filled in.
  [[nodiscard]] CardState State() const;
  // Before the first look. Instants after `now` cannot be, and only the counts of such a state are taken.
  void Resume(const CardState& state, Nanoseconds now);

  // Its power must be read again within PowerIntegral::kLongestGap.
  [[nodiscard]] bool needs_power() const { return source_ == CardSource::kPower; }

 private:
  std::optional<Microjoules> StepTo(const CardLook& look, Nanoseconds time, Nanoseconds suspended);

  CardSource source_ = CardSource::kNone;
  std::optional<energy::CounterReading> counter_;
  energy::PowerIntegral integral_;
  Nanoseconds known_until_;  // up to here the energy was charged, or is not known for good

  // Since the last Take.
  std::optional<Microjoules> used_;
  Nanoseconds time_;
  bool in_use_ = false;
  std::map<uint32_t, uint64_t> measured_;
  std::map<uint32_t, uint64_t> open_;

  uint64_t errors_ = 0;
  uint64_t resets_ = 0;
};

}  // namespace brahe::gpu
