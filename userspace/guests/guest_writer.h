#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "userspace/guests/guest_trees.h"
#include "userspace/monitor/snapshot_source.h"

namespace brahe::guests {

// Writes the trees of guests after each epoch, in a thread of its own, which nobody waits for.
class GuestWriter {
 public:
  // `source` must outlive it, and let go of whom waits in Fresh before the destructor can end. `interval`: that of
  // epochs; the thread looks for a new one ten times in that. 0: there are none unless somebody asks, so it does, every
  // five seconds.
  GuestWriter(monitor::SnapshotSource& source, Nanoseconds interval, GuestTreesOptions options);
  // Writes what is new since it looked last.
  ~GuestWriter();

 private:
  void Run();
  void Write(const std::shared_ptr<const monitor::Snapshot>& snapshot);

  monitor::SnapshotSource& source_;
  const bool asks_;
  const Nanoseconds look_;
  GuestTrees trees_;  // these two are the thread's
  uint64_t written_ = 0;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;  // the last, because it uses the others
};

}  // namespace brahe::guests
