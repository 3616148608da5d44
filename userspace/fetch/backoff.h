#pragma once

#include <algorithm>
#include <cstdint>

#include "userspace/base/units.h"

namespace brahe::fetch {

// How long to wait after a failure: twice as long after each, less up to a half by chance so that a cluster's nodes do
// not come back all at once. Where things went well for as long as the last wait, it starts over. Not thread-safe.
class Backoff {
 public:
  struct Options {
    Nanoseconds first = Seconds(1);
    Nanoseconds longest = Seconds(60);
  };
  Backoff() : Backoff(Options{}) {}
  explicit Backoff(const Options& options) : options_(options) {}

  // The wait after a failure at `now`, before which all was well until `well_until`. `random` is any number.
  Nanoseconds Next(Nanoseconds well_until, Nanoseconds now, uint64_t random) {
    const bool anew = delay_.value == 0 || well_until >= waited_until_ + delay_;
    delay_ = anew ? options_.first : std::min(delay_ * 2, options_.longest);
    const Nanoseconds half = delay_ / 2;
    const Nanoseconds wait = half + Nanoseconds{random % (half.value + 1)};
    waited_until_ = now + wait;
    return wait;
  }

 private:
  const Options options_;
  Nanoseconds delay_;
  Nanoseconds waited_until_;
};

}  // namespace brahe::fetch
