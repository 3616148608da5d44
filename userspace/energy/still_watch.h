#pragma once

#include <cstdint>

#include "userspace/base/units.h"

namespace brahe::energy {

// Tells when an energy counter stands still though its CPUs work, as it does in some virtual machines and with some
// firmware. A value; not thread-safe.
class StillWatch {
 public:
  // What counts for it, for one that goes on from there in another process.
  struct Values {
    uint64_t epochs = 0;  // that say so since it moved
    Nanoseconds time;     // theirs

    bool operator==(const Values&) const = default;
  };

  StillWatch() = default;
  explicit StillWatch(const Values& values) : values_(values) {}
  [[nodiscard]] const Values& values() const { return values_; }

  // A counter stands still after so many epochs and so much time.
  static constexpr uint64_t kEpochs = 10;
  static constexpr Nanoseconds kTime = Seconds(30);

  // An epoch in which the counter could be read. `moved`: it showed another value than before. Only epochs in which its
  // CPUs were `busy` for a tenth of the time of one CPU say that a counter stands; an idle zone's may do so.
  void Count(bool moved, Nanoseconds duration, Nanoseconds busy);

  [[nodiscard]] bool still() const { return values_.epochs >= kEpochs && values_.time >= kTime; }
  // Of the epochs that say so.
  [[nodiscard]] Nanoseconds time() const { return values_.time; }

 private:
  Values values_;
};

}  // namespace brahe::energy
