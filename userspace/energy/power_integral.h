#pragma once

#include <cstdint>
#include <optional>

#include "userspace/base/units.h"

namespace brahe::energy {

// Makes a counter of energy from readings of a power. Between two readings the power is taken to go from the one to the
// other on a straight line. What is less than a microjoule is carried on, so that nothing is lost over time.
// A value; not thread-safe.
class PowerIntegral {
 public:
  // Readings that lie farther apart say nothing of the time between them.
  static constexpr Nanoseconds kLongestGap = Seconds(5);

  // All that it knows, for one that goes on from there in another process.
  struct Values {
    Microwatts power;  // the last reading
    Nanoseconds time;  // and when it was
    Microjoules energy;
    uint64_t remainder = 0;  // in 0.5e-9 uJ, below 1 uJ

    bool operator==(const Values&) const = default;
  };

  PowerIntegral() = default;
  explicit PowerIntegral(const Values& values);
  // nullopt: there was no reading.
  [[nodiscard]] std::optional<Values> values() const;

  // Takes what was read at `time`, not before that of the last call. False if the energy since then is not known,
  // because there is no reading before, or it lies too far back.
  bool Add(Microwatts power, Nanoseconds time);

  // All that is known.
  [[nodiscard]] Microjoules energy() const { return energy_; }

 private:
  struct Reading {
    Microwatts power;
    Nanoseconds time;
  };

  std::optional<Reading> last_;
  Microjoules energy_;
  uint64_t remainder_ = 0;  // in 0.5e-9 uJ, below 1 uJ
};

}  // namespace brahe::energy
