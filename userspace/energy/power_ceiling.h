#pragma once

#include "userspace/base/units.h"

namespace brahe::energy {

// The most power that a zone can have had, as it is known so far. It tells a counter that wrapped from one that was
// reset: a wrap happens at a power that the zone can have. A value; not thread-safe.
class PowerCeiling {
 public:
  // `floor`: what the zone can have though nobody has stated or seen it. `plausible`: what no zone can have.
  PowerCeiling(Microwatts floor, Microwatts plausible) : floor_(floor), plausible_(plausible) {}

  // A rise of the counter, which shows a power that the zone has had. Wraps are not shown: the ceiling would rise by
  // what it has let through. Rises in less than 100 ms are left out, because instants are not that exact.
  void Observe(Microjoules rise, Nanoseconds elapsed);

  // 5 times what the driver states (constraint_*_max_power_uw; 0: nothing), which is often the power that the processor
  // is to be cooled at: a laptop's of 15 W takes 55 W for half a minute. The floor where nothing is stated. Twice the
  // greatest power observed if that is more.
  [[nodiscard]] Microwatts Of(Microwatts stated) const;
  // The greatest power observed, here or in a process before.
  [[nodiscard]] Microwatts observed() const { return observed_; }
  void set_observed(Microwatts observed) { observed_ = observed; }

 private:
  Microwatts floor_;
  Microwatts plausible_;
  Microwatts observed_;
};

}  // namespace brahe::energy
