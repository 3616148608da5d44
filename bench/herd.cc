#include "bench/herd.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>

namespace brahe::bench {

Result<Herd> Herd::Start(size_t count, const std::function<void(size_t)>& live) {
  const pid_t maker = getpid();
  Herd herd;
  herd.pids_.reserve(count);  // a vector that grows would be copied for every child
  for (size_t i = 0; i < count; ++i) {
    const pid_t child = fork();
    if (child < 0) {
      return SystemError(
          "fork process " + std::to_string(i + 1) + " of " + std::to_string(count) +
          " (raise kernel.pid_max, kernel.threads-max, ulimit -u, pids.max of the cgroup or its memory)");
    }
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() == maker) live(i);  // else it died before we could ask for the signal
      _exit(0);
    }
    herd.pids_.push_back(child);
  }
  return herd;
}

Herd::~Herd() {
  for (const pid_t pid : pids_) kill(pid, SIGKILL);
  for (const pid_t pid : pids_) waitpid(pid, nullptr, 0);
}

int KeepHerd(const char* program, size_t count, const std::function<void(size_t)>& live) {
  const auto herd = Herd::Start(count, live);
  if (!herd) {
    std::fprintf(stderr, "%s: %s\n", program, herd.error().message.c_str());
    return 1;
  }
  if (write(STDOUT_FILENO, "ready\n", 6) != 6) return 1;
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}

}  // namespace brahe::bench
