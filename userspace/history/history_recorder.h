#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "userspace/history/power_history.h"
#include "userspace/monitor/snapshot_source.h"

namespace brahe::history {

// How far apart points are at least: an epoch that is a little early counts.
inline constexpr Nanoseconds kBetweenPoints = Milliseconds(4500);

// Keeps the history of a source's snapshots, in a thread of its own. It asks for no epochs: where these are further
// apart than five seconds, so are the points.
class HistoryRecorder {
 public:
  // `source` must outlive it. It is looked at each `look`.
  explicit HistoryRecorder(const monitor::SnapshotSource& source, Nanoseconds look = Seconds(1));
  ~HistoryRecorder();

  // See HistoryJson. Any thread.
  [[nodiscard]] std::string Json(std::string_view level, uint64_t since_ms) const;

 private:
  void Run();

  const monitor::SnapshotSource& source_;
  const Nanoseconds look_;
  mutable std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  PowerHistory history_;
  std::thread thread_;  // the last, because it uses the others
};

}  // namespace brahe::history
