#pragma once

#include <poll.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/fault_log.h"
#include "userspace/base/file.h"
#include "userspace/base/result.h"
#include "userspace/monitor/epoch_runner.h"
#include "userspace/monitor/snapshot_source.h"
#include "userspace/monitor/state_keeper.h"

namespace brahe::monitor {

struct MonitorOptions {
  Nanoseconds interval = Seconds(5);  // 0: epochs only when Fresh asks, but for the first
  Nanoseconds staleness = Milliseconds(500);
  int64_t max_terminated = 500;  // negative: no limit; 0: list none
  Microjoules min_terminated_energy = Joules(10);
  Nanoseconds terminated_retention = Seconds(120);
  // Called by the thread of epochs at its start and then each `alive_period`, for as long as it goes round: an epoch
  // that hangs holds it up. Must not block. Null: nobody wants to know.
  std::function<void()> alive = nullptr;
  Nanoseconds alive_period = {};
  // Keeps what each epoch leaves. A snapshot is published once it is kept, so that a later life never stands behind
  // what somebody has seen. Outlives the monitor. Null: nobody does.
  StateKeeper* keeper = nullptr;
};

// Runs the epoch loop in a thread of its own and publishes a Snapshot after each epoch. Epochs are due at fixed
// instants from the start on; one that comes late is not made up for. More are cut when a scrape asks or the CPU time
// source's tables fill up. With no interval the first is due a second after the start, so that there are figures though
// nobody has asked yet, and no other.
//
// Start, Stop and the destructor belong to one thread; the SnapshotSource side is for any.
class Monitor final : public SnapshotSource {
 public:
  // `clock` must outlive this object.
  Monitor(const MonitorOptions& options, MonitorParts parts, const Clock& clock = SystemClock());
  ~Monitor() override { Stop(); }

  // Opens the books, or goes on from those of an earlier life, and starts the thread. The first snapshot comes with the
  // first epoch after that, which is due at once if that life's gap is counted.
  Status Start(std::optional<Resumption> from = std::nullopt);
  // Ends the thread after the epoch under way. Snapshots stay.
  void Stop();

  std::shared_ptr<const Snapshot> Fresh() override;
  [[nodiscard]] std::shared_ptr<const Snapshot> Latest() const override;
  // From Start on.
  [[nodiscard]] std::shared_ptr<const Snapshot> Resumed() const override;
  [[nodiscard]] bool Healthy() const override;
  std::vector<EpochTiming> TakeEpochTimings() override;

 private:
  void Run();
  // An epoch that is yet to be published.
  struct Outcome {
    std::shared_ptr<const Snapshot> snapshot;
    EpochTiming timing;
    uint64_t serving = 0;  // the last request that was made before its cut
  };

  // Cuts, books and publishes one epoch, and answers those who asked for it. `due`: when it was due, if it was.
  void RunEpoch(std::optional<Nanoseconds> due);
  // Has it kept and then published; publishes it at once where nobody keeps it.
  void KeepAndPublish(Outcome outcome);
  // Waits until the last epoch is kept, but not for ever: a disk that hangs must not hold up the figures. Then the
  // epoch is over.
  void FinishLast(Nanoseconds patience);
  void Publish(const Outcome& outcome);
  // Says that the thread goes round, if somebody wants to know now.
  void SayAlive();
  // Sleeps until something is to do. True if the CPU time source wants an epoch.
  bool Wait();
  [[nodiscard]] bool Requested() const;
  [[nodiscard]] bool Stopping() const;
  void Wake() const;
  void PlanNextEpoch();

  const MonitorOptions options_;
  const Clock& clock_;
  std::thread thread_;

  // Of the thread.
  EpochRunner runner_;
  Nanoseconds opened_;              // epochs are due at whole intervals from here
  std::optional<Nanoseconds> due_;  // the next one; nullopt: only on request
  std::optional<Nanoseconds> alive_due_;
  std::optional<Outcome> keeping_;  // is being kept, and published after that
  FaultLog faults_;
  pollfd wake_ = {-1, POLLIN, 0};  // requests and stop
  pollfd source_ = {-1, POLLIN, 0};

  UniqueFd wake_fd_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const Snapshot> latest_, resumed_;
  std::vector<EpochTiming> timings_;
  Nanoseconds completed_;  // when the last epoch was published
  bool running_ = false;
  bool stopping_ = false;
  // Requests are numbered; up to served_ all are answered, by a snapshot or by a failure.
  uint64_t requests_ = 0;
  uint64_t served_ = 0;
  Nanoseconds wanted_;  // all of them are content with an epoch that was cut then or later
  bool request_failed_ = false;
};

}  // namespace brahe::monitor
