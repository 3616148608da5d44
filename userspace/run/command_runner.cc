#include "userspace/run/command_runner.h"

#include <glog/logging.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "userspace/base/plain_text.h"

namespace brahe::run {
namespace {

constexpr Nanoseconds kTellsAfter = Seconds(1);

constexpr int kPassedOn[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

bool AsksForAnEnd(int signal) { return signal != SIGUSR1 && signal != SIGUSR2; }

std::string NamesOf(const std::vector<LeftProcess>& processes) {
  constexpr size_t kMost = 5;
  std::string names;
  for (size_t i = 0; i < std::min(kMost, processes.size()); ++i) {
    const auto& [pid, comm] = processes[i];
    names += (names.empty() ? "" : ", ") + (comm.empty() ? "?" : PlainText(comm)) + " (" + std::to_string(pid) + ")";
  }
  return names + (processes.size() > kMost ? ", ..." : "");
}

timespec ToTimespec(Nanoseconds time) {
  return {static_cast<time_t>(time.value / 1'000'000'000), static_cast<long>(time.value % 1'000'000'000)};
}

}  // namespace

Result<std::unique_ptr<CommandRunner>> CommandRunner::Start(std::unique_ptr<Counter> counter,
                                                            const RunnerOptions& options, const Clock& clock) {
  std::unique_ptr<CommandRunner> runner(new CommandRunner(std::move(counter), options, clock));
  if (const Status taken = runner->TakeSignals(); !taken) return taken.error();
  return runner;
}

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
  Progress progress;
  PassSignals(progress);  // that came since the last run
  outcome.signal = progress.signal;
  if (outcome.signal != 0) return outcome;

  auto held = HeldCommand::Fork(command, command_mask_);
  if (!held) return held.error();
  progress.command = held->pid();
  const auto exec_errno = Begin(*held, progress);
  if (!exec_errno) return exec_errno.error();
  outcome.exec_errno = *exec_errno;
  Follow(progress);
  if (progress.fault || outcome.exec_errno != 0) counter_->Abandon();
  if (progress.fault) return *progress.fault;
  if (outcome.exec_errno != 0) return outcome;
  auto figures = counter_->End(progress.ended - progress.started);
  if (!figures) return figures.error();
  outcome.figures = *std::move(figures);
  outcome.figures->exit_status = ExitStatusOf(*progress.wait_status);
  outcome.signal = progress.signal;
  return outcome;
}

Result<int> CommandRunner::Begin(HeldCommand& command, Progress& progress) {
  if (const Status begun = counter_->Begin(command.pid()); !begun) return begun.error();
  progress.started = clock_.Now();
  const Status gone = command.LetGo();
  if (const Status begun = counter_->HasBegun(); !begun) progress.fault = begun.error();
  return gone ? 0 : gone.error().code;
}

void CommandRunner::Follow(Progress& progress) {
  while (true) {
    PassSignals(progress);
    Reap(progress);
    if (HasEnded(progress)) break;
    Wait(progress);
  }
  progress.ended = clock_.Now();
}

void CommandRunner::Wait(const Progress& progress) {
  if (progress.fault) {
    pollfd signals = {signals_.get(), POLLIN, 0};
    poll(&signals, 1, -1);
    return;
  }
  Nanoseconds next = counter_->Due();
  if (progress.tells_at) next = std::min(next, *progress.tells_at);
  const Nanoseconds now = clock_.Now();
  const timespec timeout = ToTimespec(next > now ? next - now : Nanoseconds{});
  pollfd fds[] = {{signals_.get(), POLLIN, 0}, {counter_->Fd(), POLLIN, 0}};
  const bool some = ppoll(fds, std::size(fds), &timeout, nullptr) > 0;
  const bool readable = some && fds[1].revents != 0;
  if (readable || clock_.Now() >= counter_->Due()) counter_->Serve(readable);
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

// Says once what is waited for.
bool CommandRunner::HasEnded(Progress& progress) const {
  if (!progress.wait_status) return false;
  if (!options_.waits_for_all || progress.signal != 0 || progress.fault) return true;
  const auto processes = counter_->Processes();
  if (!processes) progress.fault = processes.error();
  if (!processes || processes->empty()) return true;
  if (progress.tells_at && clock_.Now() >= *progress.tells_at) {
    progress.tells_at.reset();
    LOG(WARNING) << "The command has ended; waiting for what it left running: " << NamesOf(*processes)
                 << " (an interrupt ends the waiting, --no-wait avoids it)";
  }
  return false;
}

}  // namespace brahe::run
