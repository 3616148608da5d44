#include "userspace/run/command_runner.h"

#include <glog/logging.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "userspace/base/plain_text.h"
#include "userspace/run/update_period.h"

namespace brahe::run {
namespace {

constexpr Nanoseconds kPeakTime = Milliseconds(100);
// Each look at all processes has its price.
constexpr Nanoseconds kProcfsPeakTime = Seconds(1);
// Of a shorter epoch, such as the last one may be, counters tell no power.
constexpr Nanoseconds kShortestPeakTime = Milliseconds(50);
constexpr Nanoseconds kTellsAfter = Seconds(1);

constexpr int kPassedOn[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

bool AsksForAnEnd(int signal) { return signal != SIGUSR1 && signal != SIGUSR2; }

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

std::string NamesOf(const std::vector<pid_t>& pids) {
  constexpr size_t kMost = 5;
  std::string names;
  for (size_t i = 0; i < std::min(kMost, pids.size()); ++i) {
    const std::string pid = std::to_string(pids[i]);
    const auto comm = ReadFile("/proc/" + pid + "/comm");
    names += (names.empty() ? "" : ", ") + (comm ? PlainText(Trim(*comm)) : "?") + " (" + pid + ")";
  }
  return names + (pids.size() > kMost ? ", ..." : "");
}

timespec ToTimespec(Nanoseconds time) {
  return {static_cast<time_t>(time.value / 1'000'000'000), static_cast<long>(time.value % 1'000'000'000)};
}

}  // namespace

Result<std::unique_ptr<CommandRunner>> CommandRunner::Start(std::unique_ptr<cpu::CpuTimeSource> cpu_time,
                                                            std::unique_ptr<energy::EnergyMeter> energy,
                                                            const RunnerOptions& options, const Clock& clock) {
  std::vector<Nanoseconds> periods;
  if (energy->measured()) periods = MeasureUpdatePeriods(*energy, clock);
  auto resolver = std::make_unique<CommandResolver>();
  CommandResolver& commands = *resolver;
  std::unique_ptr<CommandRunner> runner(new CommandRunner({.cpu_time = std::move(cpu_time),
                                                           .energy = std::move(energy),
                                                           .workloads = std::move(resolver),
                                                           .cpus = nullptr,
                                                           .groupings = {}},
                                                          commands, std::move(periods), options, clock));
  if (const Status taken = runner->TakeSignals(); !taken) return taken.error();
  if (const auto started = runner->epochs_.Start(); !started) return started.error();
  return runner;
}

CommandRunner::CommandRunner(monitor::MonitorParts parts, CommandResolver& resolver,
                             std::vector<Nanoseconds> update_periods, const RunnerOptions& options, const Clock& clock)
    : options_(options),
      clock_(clock),
      resolver_(resolver),
      zones_(parts.energy->zones()),
      update_periods_(std::move(update_periods)),
      epoch_time_(parts.cpu_time->name() == "bpf" ? kPeakTime : kProcfsPeakTime),
      origin_{.version = "",
              .energy_source = parts.energy->name(),
              .measured = parts.energy->measured(),
              .cpu_time_source = parts.cpu_time->name()},
      // Commands that have ended are listed no more.
      epochs_(std::move(parts), {.max_listed = 0, .min_energy = {}, .retention = {}}, clock) {}

Status CommandRunner::TakeSignals() {
  // Ignored, as the caller may have it, children would end without a word.
  std::signal(SIGCHLD, SIG_DFL);
  sigset_t taken;
  sigemptyset(&taken);
  sigaddset(&taken, SIGCHLD);
  for (const int signal : kPassedOn) sigaddset(&taken, signal);
  if (sigprocmask(SIG_BLOCK, &taken, &command_mask_) != 0) return SystemError("block signals");
  signals_.Reset(signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.valid()) return SystemError("signalfd");
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return SystemError("become the parent of orphans");
  return {};
}

Result<RunOutcome> CommandRunner::Run(const std::vector<std::string>& command) {
  RunOutcome outcome;
  const std::string name = "brahe-run-" + std::to_string(getpid()) + "-" + std::to_string(++runs_);
  auto cgroup = CommandCgroup::Make(options_.parent_cgroup, name);
  if (!cgroup) return cgroup.error();
  resolver_.Begin(name, cgroup->folder(), cgroup->id());
  Progress progress{.cgroup = *cgroup, .name = name};
  PassSignals(progress);  // that came since the last run
  outcome.signal = progress.signal;
  if (outcome.signal != 0) return outcome;

  auto held = HeldCommand::Fork(command, command_mask_);
  if (!held) return held.error();
  progress.command = held->pid();
  if (const Status taken = cgroup->Take(held->pid()); !taken) return taken.error();
  const auto exec_errno = Begin(*held, progress);
  if (!exec_errno) return exec_errno.error();
  outcome.exec_errno = *exec_errno;
  Follow(progress);
  if (outcome.exec_errno != 0) return outcome;
  if (const Status cut = CutNow(); !cut) return cut.error();
  auto books = Collect();
  if (!books) return books.error();
  AddEpoch(progress, *std::move(books));
  outcome.figures = FiguresOf(progress);
  outcome.figures->left_running = cgroup->Leave();
  outcome.signal = progress.signal;
  return outcome;
}

Result<int> CommandRunner::Begin(HeldCommand& command, Progress& progress) {
  if (const Status cut = CutNow(); !cut) return cut.error();
  progress.started = clock_.Now();
  const Status gone = command.LetGo();
  auto books = Collect();
  if (!books) return books.error();
  progress.begin = progress.last = *std::move(books);
  progress.peaks.resize(progress.begin->zones.size());
  progress.node_peaks.resize(progress.begin->zones.size());
  progress.unknown.resize(progress.begin->zones.size());
  return gone ? 0 : gone.error().code;
}

void CommandRunner::Follow(Progress& progress) {
  while (true) {
    PassSignals(progress);
    Reap(progress);
    if (HasEnded(progress)) break;
    if (clock_.Now() >= epoch_due_) {
      if (!CutNow()) continue;
      if (auto books = Collect()) AddEpoch(progress, *std::move(books));
    }
    TellWhatIsWaitedFor(progress);
    Wait(progress);
  }
  progress.ended = clock_.Now();
}

void CommandRunner::Wait(const Progress& progress) {
  Nanoseconds next = epoch_due_;
  if (progress.tells_at) next = std::min(next, *progress.tells_at);
  const Nanoseconds now = clock_.Now();
  const timespec timeout = ToTimespec(next > now ? next - now : Nanoseconds{});
  pollfd fds[] = {{signals_.get(), POLLIN, 0}, {epochs_.WakeFd(), POLLIN, 0}};
  if (ppoll(fds, std::size(fds), &timeout, nullptr) <= 0) return;
  if ((fds[1].revents & POLLIN) != 0 && epochs_.Service()) epoch_due_ = now;
}

void CommandRunner::PassSignals(Progress& progress) {
  signalfd_siginfo info;
  while (read(signals_.get(), &info, sizeof info) == sizeof info) {
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGCHLD) continue;
    if (AsksForAnEnd(signal)) progress.signal = signal;
    // A terminal sends to all of its foreground processes, and the command is one.
    const bool of_terminal = info.ssi_code == SI_KERNEL;
    const bool runs = progress.command != 0 && !progress.wait_status;
    if (runs && !of_terminal && static_cast<pid_t>(info.ssi_pid) != progress.command) kill(progress.command, signal);
  }
}

// Also those that became our children as orphans.
void CommandRunner::Reap(Progress& progress) {
  int status = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid != progress.command) continue;
    progress.wait_status = status;
    progress.tells_at = clock_.Now() + kTellsAfter;
    if (WIFSIGNALED(status)) progress.signal = WTERMSIG(status);
  }
}

bool CommandRunner::HasEnded(const Progress& progress) const {
  if (!progress.wait_status) return false;
  return !options_.waits_for_all || progress.signal != 0 || progress.cgroup.Processes().empty();
}

void CommandRunner::TellWhatIsWaitedFor(Progress& progress) const {
  if (!progress.tells_at || clock_.Now() < *progress.tells_at) return;
  progress.tells_at.reset();
  LOG(WARNING) << "The command has ended; waiting for what it left running: " << NamesOf(progress.cgroup.Processes())
               << " (an interrupt ends the waiting, --no-wait avoids it)";
}

Status CommandRunner::CutNow() {
  // Once before the cut, too, so that it is known what was used just before it and what just after it.
  epochs_.Sample();
  epoch_due_ = clock_.Now() + epoch_time_;
  if (!epochs_.CutEpoch()) return MakeError("an epoch could not be cut; see above for the reason");
  return {};
}

Result<CommandRunner::Books> CommandRunner::Collect() {
  auto books = epochs_.CollectEpoch();
  if (books == nullptr) return MakeError("an epoch could not be read; see above for the reason");
  for (const Nanoseconds lag : epochs_.read_lags()) longest_lag_ = std::max(longest_lag_, lag);
  return books;
}

void CommandRunner::AddEpoch(Progress& progress, Books books) {
  const CommandFigures before = CommandIn(*progress.last, progress.name);
  const CommandFigures now = CommandIn(*books, progress.name);
  const Nanoseconds time = books->time - progress.last->time;
  for (size_t zone = 0; zone < books->zones.size(); ++zone) {
    const monitor::EnergyFigure& all = books->zones[zone].figures.all;
    progress.unknown[zone] = progress.unknown[zone] || !all.power;
    if (time < kShortestPeakTime) continue;
    const Microjoules node = all.energy - progress.last->zones[zone].figures.all.energy;
    progress.peaks[zone] = std::max(progress.peaks[zone], MeanPower(now.energy[zone] - before.energy[zone], time));
    progress.node_peaks[zone] = std::max(progress.node_peaks[zone], MeanPower(node, time));
  }
  progress.last = std::move(books);
}

RunFigures CommandRunner::FiguresOf(const Progress& progress) const {
  RunFigures figures{.exit_status = ExitStatusOf(*progress.wait_status),
                     .elapsed = progress.ended - progress.started,
                     .cpu_time = CommandIn(*progress.last, progress.name).cpu_time -
                                 CommandIn(*progress.begin, progress.name).cpu_time,
                     .measured = progress.last->time - progress.begin->time,
                     .zones = {},
                     .left_running = {}};
  for (size_t zone = 0; zone < progress.last->zones.size(); ++zone) figures.zones.push_back(ZoneOf(progress, zone));
  return figures;
}

ZoneRun CommandRunner::ZoneOf(const Progress& progress, size_t zone) const {
  const monitor::ZoneSeries& begin = progress.begin->zones[zone];
  const monitor::ZoneSeries& end = progress.last->zones[zone];
  const Nanoseconds measured = progress.last->time - progress.begin->time;
  ZoneRun run{.zone = end.name,
              .energy = CommandIn(*progress.last, progress.name).energy[zone] -
                        CommandIn(*progress.begin, progress.name).energy[zone],
              .error = {},
              .mean = {},
              .peak = {},
              .node = end.figures.all.energy - begin.figures.all.energy,
              .node_idle = end.figures.idle.energy - begin.figures.idle.energy,
              .known = !progress.unknown[zone]};
  run.mean = MeanPower(run.energy, progress.ended - progress.started);
  run.peak = std::max(progress.peaks[zone], run.mean);
  if (!origin_.measured) return run;
  // A counter is behind by what was used since it was counted up last. That may be so at either end of the run; of what
  // it makes the node's energy wrong by, the command has its part.
  const Microwatts power = std::max(progress.node_peaks[zone], MeanPower(run.node, measured));
  const Microjoules of_node = EnergyOf(power, UncertaintyOf(run.zone)) + Microjoules{zones_.size()};
  run.error = Microjoules{ScaleDown(of_node.value, run.energy.value, run.node.value) + 1};
  return run;
}

// How far a zone's counters may be behind, and how far from a cut they are read.
Nanoseconds CommandRunner::UncertaintyOf(const std::string& zone) const {
  Nanoseconds longest;
  for (size_t i = 0; i < zones_.size(); ++i) {
    if (zones_[i].name == zone) longest = std::max(longest, update_periods_[i]);
  }
  return longest + longest_lag_;
}

}  // namespace brahe::run
