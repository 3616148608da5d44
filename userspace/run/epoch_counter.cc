#include "userspace/run/epoch_counter.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "userspace/run/update_period.h"

namespace brahe::run {
namespace {

constexpr Nanoseconds kPeakTime = Milliseconds(100);
// Each look at all processes has its price.
constexpr Nanoseconds kProcfsPeakTime = Seconds(1);
// Of a shorter epoch, such as the last one may be, counters tell no power.
constexpr Nanoseconds kShortestPeakTime = Milliseconds(50);

// The command's account; all 0 before it has used anything.
struct CommandFigures {
  Nanoseconds cpu_time;
  std::vector<Microjoules> energy;  // by zone
};

CommandFigures CommandIn(const monitor::Snapshot& books, const std::string& name) {
  CommandFigures figures{.cpu_time = {}, .energy = std::vector<Microjoules>(books.zones.size())};
  for (size_t item = 0; item < books.containers.size(); ++item) {
    const auto container = books.containers[item];
    if (container.labels->id != name) continue;
    figures.cpu_time = container.cpu_time;
    for (size_t zone = 0; zone < books.zones.size(); ++zone) {
      figures.energy[zone] = books.containers.At(item, zone).energy;
    }
  }
  return figures;
}

// Of any zone.
bool SaysItMeasures(const energy::EnergyMeter& meter) {
  const std::vector<energy::ZoneState> states = meter.States();
  return std::any_of(states.begin(), states.end(), [](const energy::ZoneState& state) { return state.measured; });
}

// "rapl", "rapl+hwmon".
std::string SourcesOf(const energy::EnergyMeter& meter) {
  std::string sources;
  for (const energy::ZoneState& state : meter.States()) energy::AddSources(state.source, sources);
  return sources;
}

}  // namespace

Result<std::unique_ptr<EpochCounter>> EpochCounter::Start(std::unique_ptr<cpu::CpuTimeSource> cpu_time,
                                                          std::unique_ptr<energy::EnergyMeter> energy,
                                                          ParentCgroupOf parent_of, const Clock& clock) {
  std::vector<Nanoseconds> periods;
  if (SaysItMeasures(*energy)) periods = MeasureUpdatePeriods(*energy, clock);
  auto resolver = std::make_unique<CommandResolver>();
  CommandResolver& commands = *resolver;
  std::unique_ptr<EpochCounter> counter(new EpochCounter({.cpu_time = std::move(cpu_time),
                                                          .energy = std::move(energy),
                                                          .workloads = std::move(resolver),
                                                          .cpus = nullptr,
                                                          .groupings = {}},
                                                         commands, std::move(periods), std::move(parent_of), clock));
  if (const auto started = counter->epochs_.Start(); !started) return started.error();
  return counter;
}

EpochCounter::EpochCounter(monitor::MonitorParts parts, CommandResolver& resolver,
                           std::vector<Nanoseconds> update_periods, ParentCgroupOf parent_of, const Clock& clock)
    : parent_of_(std::move(parent_of)),
      clock_(clock),
      resolver_(resolver),
      zones_(parts.energy->zones()),
      update_periods_(std::move(update_periods)),
      epoch_time_(parts.cpu_time->name() == "bpf" ? kPeakTime : kProcfsPeakTime),
      origin_{.version = "",
              .energy_source = SourcesOf(*parts.energy),
              .measured = SaysItMeasures(*parts.energy),
              .cpu_time_source = parts.cpu_time->name()},
      // Commands that have ended are listed no more.
      epochs_(std::move(parts), {.max_listed = 0, .min_energy = {}, .retention = {}}, clock) {}

Status EpochCounter::Begin(pid_t held) {
  const auto parent = parent_of_(held);
  if (!parent) return parent.error();
  std::string name = "brahe-run-" + std::to_string(getpid()) + "-" + std::to_string(++runs_);
  auto cgroup = CommandCgroup::Make(*parent, name);
  if (!cgroup) return cgroup.error();
  resolver_.Begin(name, cgroup->folder(), cgroup->id());
  if (const Status taken = cgroup->Take(held); !taken) return taken.error();
  run_.emplace(Progress{.cgroup = *std::move(cgroup), .name = std::move(name)});
  return CutNow();
}

Status EpochCounter::HasBegun() {
  auto books = Collect();
  if (!books) return books.error();
  run_->begin = run_->last = *std::move(books);
  run_->peaks.resize(run_->begin->zones.size());
  run_->node_peaks.resize(run_->begin->zones.size());
  run_->unknown.resize(run_->begin->zones.size());
  return {};
}

void EpochCounter::Serve(bool readable) {
  if (readable && epochs_.Service()) epoch_due_ = clock_.Now();
  if (clock_.Now() < epoch_due_ || !CutNow()) return;
  if (auto books = Collect()) AddEpoch(*std::move(books));
}

Result<std::vector<LeftProcess>> EpochCounter::Processes() { return run_->cgroup.Processes(); }

Result<RunFigures> EpochCounter::End(Nanoseconds elapsed) {
  if (const Status cut = CutNow(); !cut) return cut.error();
  auto books = Collect();
  if (!books) return books.error();
  AddEpoch(*std::move(books));
  RunFigures figures = FiguresOf(elapsed);
  figures.left_running = run_->cgroup.Leave();
  run_.reset();
  return figures;
}

Status EpochCounter::CutNow() {
  // Once before the cut, too, so that it is known what was used just before it and what just after it.
  epochs_.Sample();
  epoch_due_ = clock_.Now() + epoch_time_;
  if (!epochs_.CutEpoch()) return MakeError("an epoch could not be cut; see above for the reason");
  return {};
}

Result<EpochCounter::Books> EpochCounter::Collect() {
  auto books = epochs_.CollectEpoch();
  if (books == nullptr) return MakeError("an epoch could not be read; see above for the reason");
  epochs_.Acknowledge();
  for (const Nanoseconds lag : epochs_.read_lags()) longest_lag_ = std::max(longest_lag_, lag);
  return books;
}

void EpochCounter::AddEpoch(Books books) {
  const CommandFigures before = CommandIn(*run_->last, run_->name);
  const CommandFigures now = CommandIn(*books, run_->name);
  const Nanoseconds time = books->time - run_->last->time;
  for (size_t zone = 0; zone < books->zones.size(); ++zone) {
    const monitor::EnergyFigure& all = books->zones[zone].figures.all;
    run_->unknown[zone] = run_->unknown[zone] || !all.power;
    if (time < kShortestPeakTime) continue;
    const Microjoules node = all.energy - run_->last->zones[zone].figures.all.energy;
    run_->peaks[zone] = std::max(run_->peaks[zone], MeanPower(now.energy[zone] - before.energy[zone], time));
    run_->node_peaks[zone] = std::max(run_->node_peaks[zone], MeanPower(node, time));
  }
  run_->last = std::move(books);
}

RunFigures EpochCounter::FiguresOf(Nanoseconds elapsed) const {
  RunFigures figures{
      .elapsed = elapsed,
      .cpu_time = CommandIn(*run_->last, run_->name).cpu_time - CommandIn(*run_->begin, run_->name).cpu_time,
      .measured = run_->last->time - run_->begin->time,
      .zones = {},
      .left_running = {}};
  for (size_t zone = 0; zone < run_->last->zones.size(); ++zone) figures.zones.push_back(ZoneOf(zone, elapsed));
  return figures;
}

ZoneRun EpochCounter::ZoneOf(size_t zone, Nanoseconds elapsed) const {
  const monitor::ZoneSeries& begin = run_->begin->zones[zone];
  const monitor::ZoneSeries& end = run_->last->zones[zone];
  const Nanoseconds measured = run_->last->time - run_->begin->time;
  ZoneRun run{
      .zone = end.name,
      .energy = CommandIn(*run_->last, run_->name).energy[zone] - CommandIn(*run_->begin, run_->name).energy[zone],
      .error = {},
      .mean = {},
      .peak = {},
      .node = end.figures.all.energy - begin.figures.all.energy,
      .node_idle = end.figures.idle.energy - begin.figures.idle.energy,
      .known = !run_->unknown[zone]};
  run.mean = MeanPower(run.energy, elapsed);
  run.peak = std::max(run_->peaks[zone], run.mean);
  // Of a power that a sensor averages itself nobody knows how far it is behind.
  if (end.state.measured && !end.state.uncertainty_ppm) return run;
  if (!end.state.measured || update_periods_.empty()) {
    // An estimate's error is the estimator's; how near the run's ends are is nothing beside it.
    if (end.state.uncertainty_ppm) {
      run.error = Microjoules{ScaleDown(run.energy.value, *end.state.uncertainty_ppm, 1'000'000) + 1};
    }
    return run;
  }
  // A counter is behind by what was used since it was counted up last. That may be so at either end of the run; of what
  // it makes the node's energy wrong by, the command has its part.
  const Microwatts power = std::max(run_->node_peaks[zone], MeanPower(run.node, measured));
  const Microjoules of_node = EnergyOf(power, UncertaintyOf(run.zone)) + Microjoules{zones_.size()};
  run.error = Microjoules{ScaleDown(of_node.value, run.energy.value, run.node.value) + 1};
  return run;
}

// How far a zone's counters may be behind, and how far from a cut they are read.
Nanoseconds EpochCounter::UncertaintyOf(const std::string& zone) const {
  Nanoseconds longest;
  for (size_t i = 0; i < zones_.size(); ++i) {
    if (zones_[i].name == zone) longest = std::max(longest, update_periods_[i]);
  }
  return longest + longest_lag_;
}

}  // namespace brahe::run
