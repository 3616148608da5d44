#pragma once

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/file.h"
#include "userspace/base/result.h"
#include "userspace/run/counter.h"
#include "userspace/run/figures.h"
#include "userspace/run/held_command.h"

namespace brahe::run {

struct RunnerOptions {
  bool waits_for_all = true;  // a run ends with the last process of its command, and else with the command itself
};

// What became of one run.
struct RunOutcome {
  std::optional<RunFigures> figures;  // nullopt: it did not run
  int exec_errno = 0;                 // not 0: why the program could not be run
  int signal = 0;                     // not 0: one that was to end this process as well, or that ended the command
};

// Runs commands one after the other, with the streams, the terminal and the rights of this process, and has them
// counted.
//
// Signals that are sent to this process while a command runs are passed on to it; those that the terminal sends go to
// the command anyway. Once the command itself has ended they end the waiting for the processes that it left.
//
// This process takes the orphans among the descendants (PR_SET_CHILD_SUBREAPER), so that it learns at once when the
// last one ends. To be used before there are threads; not thread-safe.
class CommandRunner {
 public:
  // `clock` must outlive this object.
  static Result<std::unique_ptr<CommandRunner>> Start(std::unique_ptr<Counter> counter, const RunnerOptions& options,
                                                      const Clock& clock);

  Result<RunOutcome> Run(const std::vector<std::string>& command);
  [[nodiscard]] const Origin& origin() const { return counter_->origin(); }

 private:
  // What is known of the run that is under way.
  struct Progress {
    pid_t command = 0;
    std::optional<int> wait_status = {};       // once the command itself has ended
    int signal = 0;                            // the last that asked for an end, here or of the command
    std::optional<Nanoseconds> tells_at = {};  // what is waited for is told then; nullopt: not yet, or told
    Nanoseconds started = {}, ended = {};      // of its program, and of its last process
    std::optional<Error> fault = {};           // why nothing is counted: the command itself is waited for all the same
  };

  CommandRunner(std::unique_ptr<Counter> counter, const RunnerOptions& options, const Clock& clock)
      : options_(options), clock_(clock), counter_(std::move(counter)) {}
  Status TakeSignals();
  // Begins the run: the errno of an exec that failed, or 0.
  Result<int> Begin(HeldCommand& command, Progress& progress);
  // Until the end of the run.
  void Follow(Progress& progress);
  void Wait(const Progress& progress);
  void PassSignals(Progress& progress);
  void Reap(Progress& progress);
  bool HasEnded(Progress& progress) const;

  const RunnerOptions options_;
  const Clock& clock_;
  const std::unique_ptr<Counter> counter_;
  UniqueFd signals_;
  sigset_t command_mask_ = {};  // what signals commands start with blocked
};

}  // namespace brahe::run
