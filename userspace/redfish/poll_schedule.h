#pragma once

#include <cstdint>

#include "userspace/base/units.h"
#include "userspace/fetch/backoff.h"
#include "userspace/redfish/power_readings.h"

namespace brahe::redfish {

struct PollPace {
  Nanoseconds interval = Seconds(10);  // from the begin of a round to that of the next
  // After a round that told of no chassis; not less than the interval.
  fetch::Backoff::Options backoff = {.first = Seconds(5), .longest = Seconds(300)};
  // After a name or password that was not taken: a BMC locks out those who try often.
  Nanoseconds after_refusal = Seconds(600);
};

// When a BMC is asked again. Not thread-safe.
class PollSchedule {
 public:
  explicit PollSchedule(const PollPace& pace);

  // From `now`, the end of `round`. `random` is any number.
  Nanoseconds WaitAfter(const PowerRound& round, Nanoseconds began, Nanoseconds now, uint64_t random);

 private:
  const PollPace pace_;
  fetch::Backoff backoff_;
};

}  // namespace brahe::redfish
