#include "userspace/check/probe.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <utility>

namespace brahe::check {
namespace {

Nanoseconds TimeOf(const timeval& time) {
  return Seconds(static_cast<uint64_t>(time.tv_sec)) + Nanoseconds{static_cast<uint64_t>(time.tv_usec) * 1000};
}

}  // namespace

Nanoseconds OwnCpuTime() {
  timespec time = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return Seconds(static_cast<uint64_t>(time.tv_sec)) + Nanoseconds{static_cast<uint64_t>(time.tv_nsec)};
}

Result<Probe> Probe::Start(Nanoseconds cpu_time) {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return SystemError("fork");
  if (pid > 0) return Probe(pid);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);  // it was gone before
  while (OwnCpuTime() < cpu_time) continue;
  _exit(0);
}

Probe::Probe(Probe&& other) noexcept
    : pid_(other.pid_), alive_(std::exchange(other.alive_, false)), used_(other.used_) {}

Probe::~Probe() {
  if (!alive_) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::optional<Nanoseconds> Probe::Used() {
  rusage usage = {};
  if (alive_ && wait4(pid_, nullptr, WNOHANG, &usage) == pid_) {
    alive_ = false;
    used_ = TimeOf(usage.ru_utime) + TimeOf(usage.ru_stime);
  }
  return used_;
}

}  // namespace brahe::check
