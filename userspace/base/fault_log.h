#pragma once

#include <string>
#include <unordered_map>

#include "userspace/base/clock.h"

namespace brahe {

// Says each lasting fault once. The first Report of a `key` logs a WARNING; the same key stays silent until Clear is
// told that the fault is over, which logs one INFO line. A fault that comes and goes is said, with its end, every two
// seconds at most; one that has come to stay meanwhile is said then. At most 1000 keys are remembered; past that, new
// ones are not said. Not thread-safe: one owner, one thread.
class FaultLog {
 public:
  // `clock` must outlive this.
  explicit FaultLog(const Clock& clock = SystemClock()) : clock_(clock) {}

  // True if the line was written.
  bool Report(const std::string& key, const std::string& message);
  // Ends the fault, if there was one. True if it was known.
  bool Clear(const std::string& key, const std::string& message);

 private:
  struct Fault {
    Nanoseconds said;      // when it was said last
    bool is_said = false;  // since it came
    bool is_there = false;
  };

  // True if there is place for one more, at the expense of faults that are over.
  bool MakePlace();

  const Clock& clock_;
  std::unordered_map<std::string, Fault> faults_;
  bool full_ = false;
};

}  // namespace brahe
