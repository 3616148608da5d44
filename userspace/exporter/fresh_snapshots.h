#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "userspace/monitor/snapshot_source.h"

namespace brahe::exporter {

// Asks a source for fresh snapshots, which may take seconds, in a thread of its own. All who ask while one is being
// made share the next. Safe to call from any thread. The source must outlive it.
class FreshSnapshots {
 public:
  using Done = std::function<void(std::shared_ptr<const monitor::Snapshot>)>;

  explicit FreshSnapshots(monitor::SnapshotSource& source);
  // Waits for the one that is being made; who asked after it began gets null.
  ~FreshSnapshots();

  // Calls `done` once, from that thread, with what Fresh gave. `done` must not block.
  void Get(Done done);

 private:
  void Run();
  std::vector<Done> NextBatch();  // empty: stop

  monitor::SnapshotSource& source_;
  std::mutex mutex_;
  std::condition_variable asked_;
  bool stopping_ = false;
  std::vector<Done> waiting_;
  std::thread thread_;  // the last, because it uses the others
};

}  // namespace brahe::exporter
