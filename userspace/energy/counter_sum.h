#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/energy/counter.h"

namespace brahe::energy {

// Makes one counter of many, as a zone of a socket's cores needs where each core has a counter of its own. Its energy
// starts at 0 and only grows. What a member used while it could not be read is left out, as its core may have been
// offline; a member's reset is counted and adds nothing. A value; not thread-safe.
//
// A sample is one Accept or Fail for each member, and then Take.
class CounterSum {
 public:
  explicit CounterSum(size_t members) : members_(members) {}

  void Accept(size_t member, const CounterReading& reading, const CounterLimits& limits);
  void Fail(size_t member, const Error& error);
  // Where the sum stands, at the middle of the times of the members that were read. The Error of the first that failed,
  // if none was read.
  Result<CounterReading> Take();

  // What the last sample lacks: "3 of 64 counters cannot be read: WHY"; nullopt: nothing.
  [[nodiscard]] std::optional<std::string> Missing() const;
  // How many members were reset since the last call.
  uint64_t TakeResets() { return std::exchange(resets_, 0); }

 private:
  struct Sample {
    std::optional<CounterReading> first, last;
    size_t failed = 0;
    std::optional<Error> why;
  };

  std::vector<std::optional<CounterReading>> members_;  // the last reading of each
  Microjoules total_;
  uint64_t resets_ = 0;
  Sample sample_, taken_;
};

}  // namespace brahe::energy
