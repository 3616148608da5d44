#include "userspace/monitor/epoch_runner.h"

#include <glog/logging.h>

#include <utility>

#include "userspace/monitor/snapshot_builder.h"

namespace brahe::monitor {

EpochRunner::EpochRunner(MonitorParts parts, EndedPolicy policy, const Clock& clock)
    : parts_(std::move(parts)),
      clock_(clock),
      attributor_(parts_.energy->zones(), policy, *parts_.workloads, parts_.groupings),
      socket_check_(parts_.energy->zones(), clock) {
  fixed_.cpu_time_source = parts_.cpu_time->name();
  fixed_.energy_source = parts_.energy->name();
  fixed_.cpus = parts_.cpus;
}

Result<Nanoseconds> EpochRunner::Start() {
  // Once before the cut, too, so that it is known what was used just before the cut and what just after it.
  Sample();
  const Result<Nanoseconds> cut = parts_.cpu_time->Cut();
  if (!cut) return cut.error();
  Sample();
  const Result<cpu::CpuTimeEpoch> epoch = parts_.cpu_time->Collect();
  if (!epoch) return epoch.error();
  parts_.energy->Collect(MeterEpochOf(*epoch));
  attributor_.Begin(*epoch);
  fixed_.begin = epoch->end;
  return epoch->end;
}

bool EpochRunner::CutEpoch() {
  if (const Result<Nanoseconds> cut = parts_.cpu_time->Cut(); !cut) {
    faults_.Report("epoch", "Cannot cut an epoch; the next one covers it: " + cut.error().message);
    return false;
  }
  cut_done_ = clock_.Now();
  Sample();
  return true;
}

std::shared_ptr<const Snapshot> EpochRunner::CollectEpoch() {
  const Result<cpu::CpuTimeEpoch> epoch = parts_.cpu_time->Collect();
  if (!epoch) {
    // The energy stays in the meter, as the CPU time does in its source.
    faults_.Report("epoch", "Cannot read an epoch's CPU time; the next one covers it: " + epoch.error().message);
    return nullptr;
  }
  faults_.Clear("epoch", "CPU time is read again");
  const energy::MeterEpoch meter_epoch = MeterEpochOf(*epoch);
  socket_check_.Look(meter_epoch.sockets);
  energy::EnergyEpoch energy = parts_.energy->Collect(meter_epoch);
  attributor_.Attribute(*epoch, energy);
  read_lags_ = std::move(energy.read_lags);
  std::shared_ptr<const Snapshot> snapshot = Publishable(*epoch, meter_epoch.load);
  work_time_ = clock_.Now() - cut_done_;
  return snapshot;
}

std::shared_ptr<const Snapshot> EpochRunner::Publishable(const cpu::CpuTimeEpoch& epoch, const energy::CpuLoad& load) {
  auto snapshot = std::make_shared<Snapshot>(fixed_);
  snapshot->epoch = ++epoch_;
  snapshot->time = epoch.end;
  const Nanoseconds now = clock_.Now();
  snapshot->unix_ms = UnixMilliseconds() - (now > epoch.end ? (now - epoch.end).value / 1'000'000 : 0);
  snapshot->duration = epoch.end - epoch.begin;
  snapshot->usage_ppm = UsagePpm(load);
  snapshot->energy_measured = parts_.energy->measured();
  snapshot->kernel = parts_.cpu_time->Stats();
  FillFrom(attributor_, parts_.energy->zones(), parts_.energy->Stats(), *snapshot);
  if (const Status balanced = CheckBalance(*snapshot); !balanced && !std::exchange(imbalance_logged_, true)) {
    LOG(ERROR) << "The books do not balance, which is a bug of Brahe: " << balanced.error().message;
  }
  return snapshot;
}

std::optional<Nanoseconds> EpochRunner::SampleDue() const {
  const std::optional<Nanoseconds> interval = parts_.energy->MaxSampleInterval();
  return interval ? std::optional(sampled_ + *interval) : std::nullopt;
}

void EpochRunner::Sample() {
  parts_.energy->Sample();
  sampled_ = clock_.Now();
}

}  // namespace brahe::monitor
