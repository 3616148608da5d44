#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "userspace/base/fault_log.h"
#include "userspace/monitor/snapshot_source.h"

namespace brahe::exporter {

// A snapshot for as long as it is being sent: to be held until then, and no longer. Who keeps what it is of keeps the
// snapshot alone.
struct Sending {
  std::shared_ptr<const monitor::Snapshot> snapshot;
};

// Asks a source for fresh snapshots, which may take seconds, in a thread of its own. All who ask while one is being
// made share the next. Where clients are so slow that kMostSent are being sent, others get the youngest of these. Safe
// to call from any thread. The source must outlive it.
class FreshSnapshots {
 public:
  // What changes from one of 100,000 processes to the next may be 25 MiB.
  static constexpr size_t kMostSent = 2;

  using Done = std::function<void(std::shared_ptr<const Sending>)>;

  explicit FreshSnapshots(monitor::SnapshotSource& source);
  // Waits for the one that is being made; who asked after it began gets null.
  ~FreshSnapshots();

  // Calls `done` once, from that thread, with what Fresh gave; null for null. `done` must not block.
  void Get(Done done);

 private:
  void Run();
  std::vector<Done> NextBatch();  // empty: stop
  std::shared_ptr<const Sending> Next();

  monitor::SnapshotSource& source_;
  std::mutex mutex_;
  std::condition_variable asked_;
  bool stopping_ = false;
  std::vector<Done> waiting_;
  // The thread's own: what is being sent, the youngest last.
  std::vector<std::weak_ptr<const Sending>> sent_;
  FaultLog faults_;
  std::thread thread_;  // the last, because it uses the others
};

}  // namespace brahe::exporter
