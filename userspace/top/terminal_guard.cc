#include "userspace/top/terminal_guard.h"

#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

namespace brahe::top {
namespace {

constexpr std::array kFaults = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT};

// What a handler may read at any time.
struct Kept {
  bool has_settings = false;
  termios settings = {};
  std::array<char, 100> farewell = {};
  size_t farewell_size = 0;
};
Kept kept;

// Only what signal-safety(7) allows.
void RestoreAndDie(int signal) {
  if (kept.has_settings) tcsetattr(STDIN_FILENO, TCSANOW, &kept.settings);
  // Nobody is left to be told of a failure.
  [[maybe_unused]] const ssize_t written = write(STDOUT_FILENO, kept.farewell.data(), kept.farewell_size);
  raise(signal);  // whose action is the usual one again
}

}  // namespace

TerminalGuard::TerminalGuard() {
  kept.has_settings = tcgetattr(STDIN_FILENO, &kept.settings) == 0;
  kept.farewell_size = 0;
  for (const int signal : kFaults) {
    struct sigaction action = {};
    action.sa_handler = RestoreAndDie;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
    sigaction(signal, &action, nullptr);
  }
}

TerminalGuard::~TerminalGuard() {
  for (const int signal : kFaults) std::signal(signal, SIG_DFL);
}

void TerminalGuard::SetFarewell(std::string_view sequences) {
  kept.farewell_size = std::min(sequences.size(), kept.farewell.size());
  std::copy_n(sequences.begin(), kept.farewell_size, kept.farewell.begin());
}

}  // namespace brahe::top
