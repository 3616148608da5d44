#pragma once

#include <sys/types.h>

#include <csignal>
#include <string>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/base/result.h"

namespace brahe::run {

// A command that is ready to start: a child of this process that waits to be let go. It has the streams, the terminal,
// the rights and the environment of this process. To be used before there are threads; not thread-safe.
class HeldCommand {
 public:
  // `mask` is the signal mask that it starts with. Signals that are ignored here are there as well, as nohup needs it.
  static Result<HeldCommand> Fork(const std::vector<std::string>& command, const sigset_t& mask);
  HeldCommand(HeldCommand&& other) noexcept;
  HeldCommand& operator=(HeldCommand&&) = delete;
  // One that was not let go is ended.
  ~HeldCommand();

  [[nodiscard]] pid_t pid() const { return pid_; }
  // Lets it go, and returns when its program runs. An Error has the errno of exec.
  Status LetGo();

 private:
  HeldCommand(pid_t pid, UniqueFd gate, UniqueFd failure)
      : pid_(pid), gate_(std::move(gate)), failure_(std::move(failure)) {}

  pid_t pid_;
  UniqueFd gate_;     // a byte lets it go, an end without one makes it leave
  UniqueFd failure_;  // tells the errno of an exec that failed, and ends with one that did not
};

// The exit status of shells for what wait(2) tells: 128 + signal for one that a signal has ended.
int ExitStatusOf(int wait_status);

// 127 where the program is not there, 126 where it cannot be run.
int ExitStatusOfExec(int exec_errno);

}  // namespace brahe::run
