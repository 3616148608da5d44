// Starts N processes that each run once and then sleep, says "ready" on standard output, and ends them all when its
// standard input is closed.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argc, char** argv) {
  const long count = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 100;
  std::vector<pid_t> children;
  for (long i = 0; i < count; ++i) {
    const pid_t child = fork();
    if (child < 0) {
      std::perror("sleepers: fork");
      break;
    }
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      while (true) pause();
    }
    children.push_back(child);
  }
  if (write(STDOUT_FILENO, "ready\n", 6) != 6) return 1;
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  for (const pid_t child : children) kill(child, SIGKILL);
  for (const pid_t child : children) waitpid(child, nullptr, 0);
  return children.size() == static_cast<size_t>(count) ? 0 : 1;
}
