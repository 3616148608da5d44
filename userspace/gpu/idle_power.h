#pragma once

#include <optional>

#include "userspace/base/units.h"
#include "userspace/gpu/gpu_meter.h"

namespace brahe::gpu {

// Tells what a card uses at rest from what it uses for work. A value; not thread-safe.
//
// The idle power is what is set, else the lowest mean power that was seen over at least kStable; and while nobody has
// the card open and it does not work, all that it uses is idle, since it is for nobody's work.
class IdlePower {
 public:
  // Over less, a counter that moves in steps tells no power; shorter readings are put together.
  static constexpr Nanoseconds kStable = Milliseconds(500);

  // What is learnt, for one that goes on from there in another process.
  struct Values {
    std::optional<Microwatts> lowest = {};
    Microjoules window_used = {};  // since the last time that a power was looked at
    Nanoseconds window_time = {};

    bool operator==(const Values&) const = default;
  };

  explicit IdlePower(std::optional<Microwatts> set = std::nullopt) : set_(set) {}
  IdlePower(std::optional<Microwatts> set, const Values& learnt) : set_(set), learnt_(learnt) {}
  [[nodiscard]] const Values& learnt() const { return learnt_; }

  // The active part of what `reading`, whose energy is known, has used; and learns from it.
  Microjoules ActiveOf(const CardReading& reading);

 private:
  void Learn(Microjoules used, Nanoseconds time);

  const std::optional<Microwatts> set_;
  Values learnt_;
};

}  // namespace brahe::gpu
