#pragma once

#include <cstdint>

#include "userspace/base/units.h"

namespace brahe::energy {

// Tells when an energy counter stands still though its CPUs work, as it does in some virtual machines and with some
// firmware. A value; not thread-safe.
class StillWatch {
 public:
  // A counter stands still after so many epochs and so much time.
  static constexpr uint64_t kEpochs = 10;
  static constexpr Nanoseconds kTime = Seconds(30);

  // An epoch in which the counter could be read. `moved`: it showed another value than before. Only epochs in which its
  // CPUs were `busy` for a tenth of the time of one CPU say that a counter stands; an idle zone's may do so.
  void Count(bool moved, Nanoseconds duration, Nanoseconds busy);

  [[nodiscard]] bool still() const { return epochs_ >= kEpochs && time_ >= kTime; }
  // Of the epochs that say so.
  [[nodiscard]] Nanoseconds time() const { return time_; }

 private:
  uint64_t epochs_ = 0;
  Nanoseconds time_;
};

}  // namespace brahe::energy
