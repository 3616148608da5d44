#include "userspace/monitor/epoch_runner.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "userspace/base/protobuf_writer.h"
#include "userspace/energy/counter.h"
#include "userspace/monitor/snapshot_builder.h"

namespace brahe::monitor {

std::vector<std::string> NamesOf(const std::vector<energy::Zone>& zones) {
  std::vector<std::string> names;
  for (const energy::Zone& zone : zones) names.push_back(Describe("meter", zone));
  return names;
}

namespace {

// How long the machine had been suspended when an earlier meter last read its counters; nullopt: it had none.
std::optional<Nanoseconds> SuspendedBefore(const energy::MeterState& state) {
  std::optional<Nanoseconds> latest;
  for (const energy::MeterZoneState& zone : state.zones) {
    if (zone.last) latest = std::max(latest.value_or(Nanoseconds{}), zone.last->suspended);
  }
  return latest;
}

}  // namespace

EpochRunner::EpochRunner(MonitorParts parts, EndedPolicy policy, const Clock& clock)
    : parts_(std::move(parts)),
      clock_(clock),
      attributor_(parts_.energy->zones(), policy, *parts_.workloads, parts_.groupings, std::move(parts_.split)),
      gpu_books_(parts_.gpu_idle_power),
      socket_check_(parts_.energy->zones(), clock) {
  fixed_.cpu_time_source = parts_.cpu_time->name();
  fixed_.cpus = parts_.cpus;
}

Result<Nanoseconds> EpochRunner::Start() {
  // Once before the cut, too, so that it is known what was used just before the cut and what just after it.
  Sample();
  const Result<Nanoseconds> cut = parts_.cpu_time->Cut();
  if (!cut) return cut.error();
  Sample();
  suspended_ = suspended_at_sample_;
  if (parts_.gpus != nullptr) parts_.gpus->Ask();
  const Result<cpu::CpuTimeEpoch> epoch = parts_.cpu_time->Collect();
  if (!epoch) return epoch.error();
  parts_.energy->Collect(MeterEpochOf(*epoch));
  attributor_.Begin(*epoch);
  Acknowledge();
  fixed_.begin = epoch->end;
  return epoch->end;
}

Result<Nanoseconds> EpochRunner::Resume(Resumption from) {
  const Nanoseconds begin = from.books.begin, end = from.books.end;
  attributor_.Resume(std::move(from.books), parts_.cpu_time->name(), from.gap_is_counted);
  fixed_.begin = begin;
  suspended_ = SuspendedBefore(from.meter).value_or(clock_.Suspended());
  FillResumed(end);
  if (parts_.gpus != nullptr) gpu_books_.Resume(from.gpu_books, *resumed_);
  if (!from.gap_is_counted) {
    const Result<Nanoseconds> opened = Start();
    fixed_.begin = begin;
    return opened;
  }
  parts_.energy->Resume(from.meter);
  if (parts_.gpus != nullptr) parts_.gpus->Resume(from.gpu_meter);
  // No sample before the first cut, which may lie in the gap: its energy is divided by that instant.
  return end;
}

// The wall-clock time of an instant that has passed.
uint64_t EpochRunner::UnixMsOf(Nanoseconds instant) const {
  const Nanoseconds now = clock_.Now();
  return UnixMilliseconds() - (now > instant ? (now - instant).value / 1'000'000 : 0);
}

void EpochRunner::FillResumed(Nanoseconds end) {
  auto snapshot = std::make_shared<Snapshot>(fixed_);
  snapshot->time = end;
  snapshot->suspended = suspended_;
  snapshot->unix_ms = UnixMsOf(end);
  FillFrom(attributor_, parts_.energy->zones(), parts_.energy->States(), *snapshot);
  resumed_ = std::move(snapshot);
}

EpochState EpochRunner::State(std::shared_ptr<const Snapshot> snapshot) const {
  EpochState state{.snapshot = std::move(snapshot),
                   .books = attributor_.State(),
                   .source = parts_.cpu_time->State(),
                   .meter = parts_.energy->State()};
  ProtobufWriter split(state.split);
  attributor_.ledger().split().WriteState(NamesOf(parts_.energy->zones()), split);
  if (parts_.gpus != nullptr) {
    state.gpu_books = gpu_books_.State();
    state.gpu_meter = parts_.gpus->State();
  }
  return state;
}

std::shared_ptr<const Snapshot> EpochRunner::RunEpoch() {
  if (!CutEpoch()) return nullptr;
  std::shared_ptr<const Snapshot> snapshot = CollectEpoch();
  if (snapshot != nullptr) Acknowledge();
  return snapshot;
}

bool EpochRunner::CutEpoch() {
  if (const Result<Nanoseconds> cut = parts_.cpu_time->Cut(); !cut) {
    faults_.Report("epoch", "Cannot cut an epoch; the next one covers it: " + cut.error().message);
    return false;
  }
  cut_done_ = clock_.Now();
  Sample();
  if (parts_.gpus != nullptr) parts_.gpus->Ask();
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
  energy.suspended = TakeSuspended();
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
  snapshot->unix_ms = UnixMsOf(epoch.end);
  snapshot->duration = epoch.end - epoch.begin;
  snapshot->suspended = suspended_;
  snapshot->usage_ppm = UsagePpm(load);
  snapshot->kernel = parts_.cpu_time->Stats();
  FillFrom(attributor_, parts_.energy->zones(), parts_.energy->States(), *snapshot);
  if (parts_.gpus != nullptr) snapshot->gpus = gpu_books_.Post(parts_.gpus->Take(), *snapshot);
  if (const Status balanced = CheckBalance(*snapshot); !balanced && !std::exchange(imbalance_logged_, true)) {
    LOG(ERROR) << "The books do not balance, which is a bug of Brahe: " << balanced.error().message;
  }
  return snapshot;
}

Nanoseconds EpochRunner::TakeSuspended() {
  const Nanoseconds since = energy::SuspendedBetween(suspended_, suspended_at_sample_);
  // What is within the clock's exactness stays to be told with what comes.
  if (since.value != 0) suspended_ = suspended_at_sample_;
  return since;
}

std::optional<Nanoseconds> EpochRunner::SampleDue() const {
  const std::optional<Nanoseconds> interval = parts_.energy->MaxSampleInterval();
  return interval ? std::optional(sampled_ + *interval) : std::nullopt;
}

void EpochRunner::Sample() {
  parts_.energy->Sample();
  sampled_ = clock_.Now();
  suspended_at_sample_ = clock_.Suspended();
}

}  // namespace brahe::monitor
