#include "userspace/run/count_service.h"

#include <glog/logging.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iterator>
#include <set>
#include <sstream>
#include <utility>

#include "userspace/run/counter_messages.h"
#include "userspace/run/line_socket.h"

namespace brahe::run {
namespace {

int MillisecondsUntil(Nanoseconds due, const Clock& clock) {
  const Nanoseconds now = clock.Now();
  return due > now ? static_cast<int>(std::min<uint64_t>((due - now).value / 1'000'000 + 1, 60'000)) : 0;
}

// The value of a line "NAME: value" of a file in /proc.
std::string FieldOf(const std::string& path, const std::string& name) {
  const auto text = ReadFile(path);
  if (!text) return "";
  const size_t begin = ("\n" + *text).find("\n" + name + ":");
  if (begin == std::string::npos) return "";
  const size_t value = begin + name.size() + 1;
  return std::string(Trim(std::string_view(*text).substr(value, text->find('\n', value) - value)));
}

// The process of a pidfd. An Error where that is none, or its process is gone or cannot be seen from here.
Result<pid_t> ProcessOf(const UniqueFd& pidfd) {
  if (!pidfd.valid()) return MakeError("no process came with the question");
  const auto pid = ParseUint64(FieldOf("/proc/self/fdinfo/" + std::to_string(pidfd.get()), "Pid"));
  if (!pid || *pid == 0) return MakeError("what came with the question is no process that lives and can be seen here");
  return static_cast<pid_t>(*pid);
}

bool Lives(const UniqueFd& pidfd) {
  pollfd process = {pidfd.get(), POLLIN, 0};  // readable once it has ended
  return poll(&process, 1, 0) == 0;
}

// Whether all four of a process' user ids are `uid`: who runs as somebody else is not measured by whoever started it.
bool IsOf(const std::string& procfs, pid_t pid, uid_t uid) {
  std::istringstream ids(FieldOf(procfs + "/" + std::to_string(pid) + "/status", "Uid"));
  size_t count = 0;
  for (uid_t id = 0; ids >> id; ++count) {
    if (id != uid) return false;
  }
  return count == 4;
}

// One client, and what counts for it.
class Session {
 public:
  // `signals` is readable when this process is to end.
  Session(UniqueFd fd, const http::LocalPeer& peer, int signals, const ServiceOptions& options, const Clock& clock)
      : socket_(std::move(fd)), peer_(peer), signals_(signals), options_(options), clock_(clock) {}

  // Until the client is gone, or this process is to end. Nothing of the count is left then.
  void Run() {
    auto counter = options_.make_counter();
    if (!counter) return Say({.error = counter.error().message});
    counter_ = *std::move(counter);
    Say({.origin = counter_->origin()});
    while (Wait()) {
      const auto line = socket_.Read();
      if (!line) return;
      const auto question = QuestionIn(*line);
      if (!question) return Say({.error = "the question is not understood: " + question.error().message});
      auto answer = AnswerTo(*question);
      if (!answer) {
        Say({.error = answer.error().message});
        continue;
      }
      Say(*answer);
      if (question->kind != Question::Kind::kBegin) continue;
      if (const Status begun = counter_->HasBegun(); !begun) fault_ = begun;
    }
  }

 private:
  void Say(const Answer& answer) { (void)socket_.Write(LineOf(answer)); }

  // Serves the counter until the client says something. False: there is nothing more to do.
  bool Wait() {
    while (true) {
      const bool serves = counts_ && fault_;
      pollfd fds[] = {{socket_.fd(), POLLIN, 0}, {serves ? counter_->Fd() : -1, POLLIN, 0}, {signals_, POLLIN, 0}};
      const int ready = poll(fds, std::size(fds), serves ? MillisecondsUntil(counter_->Due(), clock_) : -1);
      if (ready < 0 && errno != EINTR) return false;
      if (ready > 0 && fds[2].revents != 0) return false;
      if (serves) {
        const bool readable = ready > 0 && fds[1].revents != 0;
        if (readable || clock_.Now() >= counter_->Due()) counter_->Serve(readable);
      }
      if (ready > 0 && fds[0].revents != 0) return true;
    }
  }

  Result<Answer> AnswerTo(const Question& question) {
    if (question.kind == Question::Kind::kBegin) return Begin();
    if (!counts_) return MakeError("nothing is counted");
    if (question.kind == Question::Kind::kProcesses) {
      if (!fault_) return fault_.error();
      auto processes = counter_->Processes();
      if (!processes) return processes.error();
      return Answer{.processes = *std::move(processes)};
    }
    counts_ = false;
    if (question.kind == Question::Kind::kAbandon || !fault_) {
      counter_->Abandon();
      if (!fault_) return fault_.error();
      return Answer{};
    }
    auto figures = counter_->End(question.elapsed);
    if (!figures) counter_->Abandon();
    if (!figures) return figures.error();
    return Answer{.figures = *std::move(figures)};
  }

  Result<Answer> Begin() {
    const UniqueFd process = socket_.TakeFile();
    if (counts_) return MakeError("a command is counted already");
    const auto pid = ProcessOf(process);
    if (!pid) return pid.error();
    if (peer_.uid != 0 && !IsOf(options_.procfs, *pid, peer_.uid)) {
      return MakeError("process " + std::to_string(*pid) + " is not uid " + std::to_string(peer_.uid) + "'s");
    }
    const Status begun = counter_->Begin(*pid);
    if (!begun || !Lives(process)) {
      counter_->Abandon();
      return begun ? MakeError("the process has ended") : begun.error();
    }
    counts_ = true;
    fault_ = {};
    return Answer{};
  }

  LineSocket socket_;
  const http::LocalPeer peer_;
  const int signals_;
  const ServiceOptions& options_;
  const Clock& clock_;
  std::unique_ptr<Counter> counter_;
  bool counts_ = false;
  Status fault_;  // why nothing can be told of what is counted
};

// No reading or writing waits longer: a process that is to end must not hang on a client that stops amid a line.
void LimitWaiting(int fd, Nanoseconds patience) {
  const timeval limit = {.tv_sec = static_cast<time_t>(patience.value / 1'000'000'000),
                         .tv_usec = static_cast<suseconds_t>(patience.value / 1'000 % 1'000'000)};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) setsockopt(fd, SOL_SOCKET, option, &limit, sizeof limit);
}

void ServeClient(UniqueFd fd, int signals, const ServiceOptions& options, const Clock& clock) {
  LimitWaiting(fd.get(), options.patience);
  const auto peer = http::LocalPeerOf(fd.get());
  if (peer && options.may_ask(*peer)) return Session(std::move(fd), *peer, signals, options, clock).Run();
  const std::string who = peer ? "uid " + std::to_string(peer->uid) : "an unknown user";
  LOG(WARNING) << who << " was refused at the local socket (--allow)";
  (void)LineSocket(std::move(fd))
      .Write(LineOf(Answer{.error = who + " may not ask here: --allow of the service does "
                                          "not name it"}));
}

// Takes the signals that this process and those of its clients wait for.
Result<UniqueFd> TakeSignals() {
  std::signal(SIGCHLD, SIG_DFL);
  sigset_t taken;
  sigemptyset(&taken);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM}) sigaddset(&taken, signal);
  if (sigprocmask(SIG_BLOCK, &taken, nullptr) != 0) return SystemError("block signals");
  UniqueFd fd(signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return SystemError("signalfd");
  return fd;
}

// The processes that serve a client.
class Clients {
 public:
  [[nodiscard]] size_t count() const { return pids_.size(); }

  void Serve(UniqueFd fd, int signals, const ServiceOptions& options, const Clock& clock) {
    const pid_t pid = fork();
    if (pid < 0) LOG(ERROR) << SystemError("fork for a client").message;
    if (pid > 0) pids_.insert(pid);
    if (pid != 0) return;
    ServeClient(std::move(fd), signals, options, clock);
    _exit(0);
  }
  // Each gives back what it counts with, and ends.
  void End() {
    for (const pid_t pid : pids_) kill(pid, SIGTERM);
    for (const pid_t pid : pids_) {
      while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
  }
  void Reap() {
    for (pid_t pid = 0; (pid = waitpid(-1, nullptr, WNOHANG)) > 0;) pids_.erase(pid);
  }

 private:
  std::set<pid_t> pids_;
};

}  // namespace

Status ServeCounts(UniqueFd listener, const ServiceOptions& options, const Clock& clock) {
  const auto signals = TakeSignals();
  if (!signals) return signals.error();
  Clients clients;
  while (true) {
    const bool may_end = options.idle.value > 0 && clients.count() == 0;
    pollfd fds[] = {{signals->get(), POLLIN, 0}, {listener.get(), POLLIN, 0}};
    const int ready = poll(fds, std::size(fds), may_end ? static_cast<int>(options.idle.value / 1'000'000) : -1);
    if (ready < 0 && errno != EINTR) return SystemError("poll");
    if (ready == 0) return {};
    signalfd_siginfo signal;
    while (read(signals->get(), &signal, sizeof signal) == sizeof signal) {
      if (signal.ssi_signo == SIGCHLD) continue;
      clients.End();
      return {};
    }
    clients.Reap();
    if (ready < 0 || fds[1].revents == 0) continue;
    UniqueFd client(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client.valid()) continue;  // it has gone meanwhile
    if (clients.count() < options.most) {
      clients.Serve(std::move(client), signals->get(), options, clock);
    } else {
      (void)LineSocket(std::move(client))
          .Write(LineOf(Answer{.error = "all places are taken: at most " + std::to_string(options.most) +
                                        " commands are counted at a time"}));
    }
  }
}

}  // namespace brahe::run
