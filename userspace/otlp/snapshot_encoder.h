#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "userspace/monitor/snapshot.h"
#include "userspace/otlp/request_builder.h"
#include "userspace/otlp/twin_marks.h"
#include "userspace/otlp/wall_time.h"

namespace brahe::otlp {

// Whom the figures are of.
struct Origin {
  std::vector<std::pair<std::string, std::string>> resource;  // attributes: names and values
  std::string host;                                           // the host's name
  std::string version;                                        // of this program
  Nanoseconds started;                                        // when all counters were 0, on CLOCK_MONOTONIC
};

// Makes requests of the levels of a snapshot. It remembers from one snapshot to the next what keeps a series the same.
// Not thread-safe.
class SnapshotEncoder {
 public:
  explicit SnapshotEncoder(const Origin& origin, size_t max_bytes = 4 << 20);

  // `levels`: of node, process, container, vm, pod and those of Snapshot::groups. Hands on one request after the other,
  // each of about `max_bytes` at most.
  void Encode(const monitor::Snapshot& snapshot, const std::vector<std::string>& levels,
              std::function<void(Request)> take);

 private:
  const std::string host_;
  const Nanoseconds started_;
  const RequestBuilder::Frame frame_;
  WallTime times_;
  std::map<std::string, TwinMarks, std::less<>> twins_;  // by level
};

}  // namespace brahe::otlp
