#pragma once

#include <string>
#include <unordered_set>

namespace brahe {

// Says each lasting fault once. The first Report of a `key` logs a WARNING; the same key stays silent until Clear is
// told that the fault is over, which logs one INFO line. At most 1000 keys are remembered; past that, new ones are
// not said. Not thread-safe: one owner, one thread.
class FaultLog {
 public:
  // True if the line was written.
  bool Report(const std::string& key, const std::string& message);
  // Ends the fault, if there was one. True if it was known.
  bool Clear(const std::string& key, const std::string& message);

 private:
  std::unordered_set<std::string> faults_;
  bool full_ = false;
};

}  // namespace brahe
