#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "userspace/attribution/split_policy.h"
#include "userspace/base/clock.h"
#include "userspace/base/fault_log.h"
#include "userspace/base/result.h"
#include "userspace/cpu/cpu_time_source.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/gpu/gpu_meter.h"
#include "userspace/monitor/attributor.h"
#include "userspace/monitor/books_state.h"
#include "userspace/monitor/gpu_books.h"
#include "userspace/monitor/snapshot.h"
#include "userspace/monitor/socket_check.h"
#include "userspace/monitor/workload_resolver.h"

namespace brahe::monitor {

// What the monitor works with. It owns all but the clock.
struct MonitorParts {
  std::unique_ptr<cpu::CpuTimeSource> cpu_time;
  std::unique_ptr<energy::EnergyMeter> energy;
  std::unique_ptr<WorkloadResolver> workloads;
  std::shared_ptr<const std::vector<cpu::CpuInfo>> cpus;
  std::span<const Grouping> groupings = Groupings();          // outlive the monitor
  std::unique_ptr<attribution::SplitPolicy> split = nullptr;  // null: by usage
  std::unique_ptr<gpu::GpuMeter> gpus = {};                   // null: GPUs are not read
  std::optional<Microwatts> gpu_idle_power = {};              // of each; nullopt: learnt
};

// What is to be kept of an epoch, so that a later runner goes on from it.
struct EpochState {
  std::shared_ptr<const Snapshot> snapshot;
  BooksState books;  // without what AddListed adds
  std::optional<cpu::SourceState> source = {};
  energy::MeterState meter = {};
  std::string split = {};  // what its policy has written
  GpuBooksState gpu_books = {};
  gpu::GpuMeterState gpu_meter = {};
};

// What a runner goes on from.
struct Resumption {
  BooksState books;
  GpuBooksState gpu_books = {};
  // The CPU time source goes on from that very epoch, too, so that it is known who used what has been used since. The
  // meters then count it.
  bool gap_is_counted = false;
  energy::MeterState meter = {};
  gpu::GpuMeterState gpu_meter = {};
};

// What none of the meter's zones but each is called, in the order of the zones.
std::vector<std::string> NamesOf(const std::vector<energy::Zone>& zones);

// Runs epochs, one when told so: cuts it, reads the meter, has it attributed, and makes its snapshot. Not thread-safe:
// one thread at a time.
class EpochRunner {
 public:
  // `clock` must outlive this object.
  EpochRunner(MonitorParts parts, EndedPolicy policy, const Clock& clock);

  // Begins at the first cut and returns its instant. What the CPU time source has counted before has no energy
  // to be paired with and is not booked. To be called once, before all others.
  Result<Nanoseconds> Start();
  // In place of it: goes on from an earlier runner's books. Where the gap is counted, the first epoch begins at the end
  // of their last one, which is returned; else it begins as by Start, and what was used in between is not booked.
  Result<Nanoseconds> Resume(Resumption from);
  // The books that it went on from; null: it began at 0. Without power, of which nothing is known then.
  [[nodiscard]] const std::shared_ptr<const Snapshot>& resumed() const { return resumed_; }
  // What is to be kept of the last epoch, which `snapshot` is of.
  [[nodiscard]] EpochState State(std::shared_ptr<const Snapshot> snapshot) const;
  // Says that it is kept, or that nobody keeps it. To be called once between CollectEpoch and the next CutEpoch, unless
  // that failed.
  void Acknowledge() { parts_.cpu_time->Acknowledge(); }
  // One epoch; null if it could not be cut or read, which is logged. The next one then covers both.
  // Nobody keeps its state.
  std::shared_ptr<const Snapshot> RunEpoch();
  // Its two halves, for those who have something to do right after the cut: false or null as above. After a cut the
  // other half must follow.
  bool CutEpoch();
  std::shared_ptr<const Snapshot> CollectEpoch();
  // Work of the last epoch, without the sleep until its cut.
  [[nodiscard]] Nanoseconds work_time() const { return work_time_; }
  // EnergyEpoch::read_lags of the last epoch.
  [[nodiscard]] const std::vector<Nanoseconds>& read_lags() const { return read_lags_; }

  // When Sample must be called if no epoch is cut until then; nullopt: never.
  [[nodiscard]] std::optional<Nanoseconds> SampleDue() const;
  // Reads the energy counters between epochs, so that none wraps unseen.
  void Sample();

  // See CpuTimeSource.
  [[nodiscard]] int WakeFd() const { return parts_.cpu_time->WakeFd(); }
  [[nodiscard]] bool Service() { return parts_.cpu_time->Service(); }

 private:
  [[nodiscard]] uint64_t UnixMsOf(Nanoseconds instant) const;
  void FillResumed(Nanoseconds end);
  // How long the machine was suspended since this was last asked, up to when counters were read, which may have gone on
  // meanwhile.
  Nanoseconds TakeSuspended();
  std::shared_ptr<const Snapshot> Publishable(const cpu::CpuTimeEpoch& epoch, const energy::CpuLoad& load);

  MonitorParts parts_;
  const Clock& clock_;
  Attributor attributor_;
  GpuBooks gpu_books_;
  std::shared_ptr<const Snapshot> resumed_;
  Snapshot fixed_;  // what is the same in all snapshots
  uint64_t epoch_ = 0;
  Nanoseconds sampled_;
  Nanoseconds suspended_at_sample_;  // Clock::Suspended
  Nanoseconds suspended_;            // and as far as it is booked
  Nanoseconds cut_done_;             // when the last CutEpoch had slept
  Nanoseconds work_time_;
  std::vector<Nanoseconds> read_lags_;
  SocketCheck socket_check_;
  FaultLog faults_;
  bool imbalance_logged_ = false;
};

}  // namespace brahe::monitor
