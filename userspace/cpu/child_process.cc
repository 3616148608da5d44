#include "userspace/cpu/child_process.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <system_error>
#include <utility>

#include "userspace/base/clock.h"

namespace brahe::cpu {
namespace {

uint64_t ThreadCpuTime() {
  timespec used;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<uint64_t>(used.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(used.tv_nsec);
}

Nanoseconds ToNanoseconds(const timeval& time) {
  return Seconds(static_cast<uint64_t>(time.tv_sec)) + Nanoseconds{static_cast<uint64_t>(time.tv_usec) * 1000};
}

}  // namespace

void Burn(Nanoseconds time) {
  const uint64_t end = ThreadCpuTime() + time.value;
  while (ThreadCpuTime() < end) {
  }
}

void StayOn(uint32_t cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) _exit(1);
}

ChildProcess::ChildProcess(const std::function<void()>& work) : pid_(fork()), running_(true) {
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {
    work();
    _exit(0);
  }
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(other.pid_), running_(std::exchange(other.running_, false)) {}

ChildProcess::~ChildProcess() {
  if (!running_) return;
  Kill();
  Wait();
}

void ChildProcess::Kill() { kill(pid_, SIGKILL); }

Nanoseconds ChildProcess::Wait() {
  rusage usage = {};
  int status = 0;
  while (wait4(pid_, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  running_ = false;
  return ToNanoseconds(usage.ru_utime) + ToNanoseconds(usage.ru_stime);
}

size_t RunChildren(Nanoseconds duration, size_t at_once, const std::function<void(size_t)>& work) {
  const Nanoseconds end = SystemClock().Now() + duration;
  size_t started = 0;
  while (SystemClock().Now() < end) {
    std::vector<ChildProcess> batch;
    batch.reserve(at_once);
    for (size_t i = 0; i < at_once; ++i, ++started) batch.emplace_back([&] { work(started); });
    for (ChildProcess& child : batch) child.Wait();
  }
  return started;
}

}  // namespace brahe::cpu
