#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/cpu/cpu_time_source.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/monitor/epoch_runner.h"
#include "userspace/run/command_cgroup.h"
#include "userspace/run/command_resolver.h"
#include "userspace/run/counter.h"

namespace brahe::run {

// The folder of the cgroup in which a command's is made, whose process this is.
using ParentCgroupOf = std::function<Result<std::string>(pid_t held)>;

// Counts by the exporter's own arithmetic: each command is in a cgroup of its own, an epoch is cut right before it is
// let go, one when it has ended, and some between.
class EpochCounter final : public Counter {
 public:
  // Begins to count. The meter and the source must not have been used yet. `clock` must outlive this object.
  static Result<std::unique_ptr<EpochCounter>> Start(std::unique_ptr<cpu::CpuTimeSource> cpu_time,
                                                     std::unique_ptr<energy::EnergyMeter> energy,
                                                     ParentCgroupOf parent_of, const Clock& clock);

  [[nodiscard]] const Origin& origin() const override { return origin_; }
  Status Begin(pid_t held) override;
  Status HasBegun() override;
  [[nodiscard]] int Fd() const override { return epochs_.WakeFd(); }
  [[nodiscard]] Nanoseconds Due() const override { return epoch_due_; }
  void Serve(bool readable) override;
  Result<std::vector<LeftProcess>> Processes() override;
  Result<RunFigures> End(Nanoseconds elapsed) override;
  void Abandon() override { run_.reset(); }

 private:
  using Books = std::shared_ptr<const monitor::Snapshot>;
  // What is known of the run that is under way.
  struct Progress {
    CommandCgroup cgroup;
    std::string name;  // of its account
    Books begin = {}, last = {};
    std::vector<bool> unknown = {};           // by zone: in one of the epochs
    std::vector<Microwatts> peaks = {};       // by zone
    std::vector<Microwatts> node_peaks = {};  // the same of the node
  };

  EpochCounter(monitor::MonitorParts parts, CommandResolver& resolver, std::vector<Nanoseconds> update_periods,
               ParentCgroupOf parent_of, const Clock& clock);
  Status CutNow();
  Result<Books> Collect();
  void AddEpoch(Books books);
  [[nodiscard]] RunFigures FiguresOf(Nanoseconds elapsed) const;
  [[nodiscard]] ZoneRun ZoneOf(size_t zone, Nanoseconds elapsed) const;
  [[nodiscard]] Nanoseconds UncertaintyOf(const std::string& zone) const;

  const ParentCgroupOf parent_of_;
  const Clock& clock_;
  CommandResolver& resolver_;  // owned by epochs_
  const std::vector<energy::Zone> zones_;
  const std::vector<Nanoseconds> update_periods_;  // by zone of the meter
  const Nanoseconds epoch_time_;                   // how long epochs within a run are
  const Origin origin_;
  monitor::EpochRunner epochs_;
  std::optional<Progress> run_;
  Nanoseconds epoch_due_;
  Nanoseconds longest_lag_;  // between a cut and the reading of a counter
  uint64_t runs_ = 0;
};

}  // namespace brahe::run
