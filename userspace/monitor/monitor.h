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
#include "userspace/base/file.h"
#include "userspace/base/result.h"
#include "userspace/monitor/epoch_runner.h"
#include "userspace/monitor/snapshot_source.h"

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

  // Opens the books and starts the thread. The first snapshot comes with the first epoch after that.
  Status Start();
  // Ends the thread after the epoch under way. Snapshots stay.
  void Stop();

  std::shared_ptr<const Snapshot> Fresh() override;
  [[nodiscard]] std::shared_ptr<const Snapshot> Latest() const override;
  [[nodiscard]] bool Healthy() const override;
  std::vector<EpochTiming> TakeEpochTimings() override;

 private:
  void Run();
  // Cuts, books and publishes one epoch, and answers those who asked for it. `due`: when it was due, if it was.
  void RunEpoch(std::optional<Nanoseconds> due);
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
  pollfd wake_ = {-1, POLLIN, 0};  // requests and stop
  pollfd source_ = {-1, POLLIN, 0};

  UniqueFd wake_fd_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const Snapshot> latest_;
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
