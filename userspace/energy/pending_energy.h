#pragma once

#include "userspace/base/units.h"

namespace brahe::energy {

// What a counter has shown and no epoch has been given yet. An epoch ends between two readings; of the energy between
// them it gets the part that its time has, rounded down, and the rest stays for the next. Nothing is lost or given
// twice. A value; not thread-safe.
class PendingEnergy {
 public:
  // All that it knows, for one that goes on from there in another process.
  struct Values {
    Microjoules older;  // from before the last reading but one
    Microjoules last;   // used between the last two, which is from `begin` to `end`
    Nanoseconds begin, end;

    bool operator==(const Values&) const = default;
  };

  PendingEnergy() = default;
  explicit PendingEnergy(const Values& values) : values_(values) {}
  [[nodiscard]] const Values& values() const { return values_; }

  // Two readings in a row, at `begin` and `end`, tell of `energy`. `begin` is not before the `end` of the last call.
  void Add(Microjoules energy, Nanoseconds begin, Nanoseconds end);

  // Takes what was used until `until`, which should not lie before the last reading but one: energy between older
  // readings is given as a whole.
  Microjoules TakeUntil(Nanoseconds until);

 private:
  Values values_;
};

}  // namespace brahe::energy
