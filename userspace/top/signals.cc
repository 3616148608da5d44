#include "userspace/top/signals.h"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

namespace brahe::top {

Result<Signals> Signals::Block() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) {
    struct sigaction action = {};
    // One that is blocked would come although it is ignored.
    if (sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) sigaddset(&set, signal);
  }
  if (const int code = pthread_sigmask(SIG_BLOCK, &set, nullptr); code != 0) return SystemError("block signals", code);
  UniqueFd fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return SystemError("signalfd");
  return Signals(std::move(fd));
}

Signals::Seen Signals::Read() const {
  Seen seen;
  signalfd_siginfo signal = {};
  while (read(fd_.get(), &signal, sizeof signal) == sizeof signal) {
    (signal.ssi_signo == SIGWINCH ? seen.resize : seen.end) = true;
  }
  return seen;
}

}  // namespace brahe::top
