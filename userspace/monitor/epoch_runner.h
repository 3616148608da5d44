#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/fault_log.h"
#include "userspace/base/result.h"
#include "userspace/cpu/cpu_time_source.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/monitor/attributor.h"
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
  std::span<const Grouping> groupings = Groupings();  // outlive the monitor
};

// Runs epochs, one when told so: cuts it, reads the meter, has it attributed, and makes its snapshot. Not thread-safe:
// one thread at a time.
class EpochRunner {
 public:
  // `clock` must outlive this object.
  EpochRunner(MonitorParts parts, EndedPolicy policy, const Clock& clock);

  // Begins at the first cut and returns its instant. What the CPU time source has counted before has no energy
  // to be paired with and is not booked. To be called once, before all others.
  Result<Nanoseconds> Start();
  // One epoch; null if it could not be cut or read, which is logged. The next one then covers both.
  std::shared_ptr<const Snapshot> RunEpoch() { return CutEpoch() ? CollectEpoch() : nullptr; }
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
  std::shared_ptr<const Snapshot> Publishable(const cpu::CpuTimeEpoch& epoch, const energy::CpuLoad& load);

  MonitorParts parts_;
  const Clock& clock_;
  Attributor attributor_;
  Snapshot fixed_;  // what is the same in all snapshots
  uint64_t epoch_ = 0;
  Nanoseconds sampled_;
  Nanoseconds cut_done_;  // when the last CutEpoch had slept
  Nanoseconds work_time_;
  std::vector<Nanoseconds> read_lags_;
  SocketCheck socket_check_;
  FaultLog faults_;
  bool imbalance_logged_ = false;
};

}  // namespace brahe::monitor
