#pragma once

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/file.h"
#include "userspace/base/result.h"
#include "userspace/cpu/cpu_time_source.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/monitor/epoch_runner.h"
#include "userspace/run/command_cgroup.h"
#include "userspace/run/command_resolver.h"
#include "userspace/run/figures.h"
#include "userspace/run/held_command.h"

namespace brahe::run {

struct RunnerOptions {
  std::string parent_cgroup;  // the folder that commands get their cgroups in
  bool waits_for_all = true;  // a run ends with the last process of its command, and else with the command itself
};

// What became of one run.
struct RunOutcome {
  std::optional<RunFigures> figures;  // nullopt: it did not run
  int exec_errno = 0;                 // not 0: why the program could not be run
  int signal = 0;                     // not 0: one that was to end this process as well, or that ended the command
};

// Runs commands one after the other, each in a cgroup of its own, and tells what each of them used, by the exporter's
// own arithmetic: an epoch is cut right before a command is let go, and one when it has ended.
//
// Signals that are sent to this process while a command runs are passed on to it; those that the terminal sends go to
// the command anyway. Once the command itself has ended they end the waiting for the processes that it left.
//
// This process takes the orphans among the descendants (PR_SET_CHILD_SUBREAPER), so that it learns at once when the
// last one ends. To be used before there are threads; not thread-safe.
class CommandRunner {
 public:
  // Begins to count. The meter and the source must not have been used yet. `clock` must outlive this object.
  static Result<std::unique_ptr<CommandRunner>> Start(std::unique_ptr<cpu::CpuTimeSource> cpu_time,
                                                      std::unique_ptr<energy::EnergyMeter> energy,
                                                      const RunnerOptions& options, const Clock& clock);

  Result<RunOutcome> Run(const std::vector<std::string>& command);
  [[nodiscard]] const Origin& origin() const { return origin_; }

 private:
  using Books = std::shared_ptr<const monitor::Snapshot>;
  // What is known of the run that is under way.
  struct Progress {
    const CommandCgroup& cgroup;
    const std::string name;  // of its account
    pid_t command = 0;
    std::optional<int> wait_status = {};       // once the command itself has ended
    int signal = 0;                            // the last that asked for an end, here or of the command
    std::optional<Nanoseconds> tells_at = {};  // what is waited for is told then; nullopt: not yet, or told
    Books begin = {}, last = {};
    std::vector<bool> unknown = {};           // by zone: in one of the epochs
    std::vector<Microwatts> peaks = {};       // by zone
    std::vector<Microwatts> node_peaks = {};  // the same of the node
    Nanoseconds started = {}, ended = {};     // of its program, and of its last process
  };

  CommandRunner(monitor::MonitorParts parts, CommandResolver& resolver, std::vector<Nanoseconds> update_periods,
                const RunnerOptions& options, const Clock& clock);
  Status TakeSignals();
  // Begins the run: cuts, and lets the command go. The errno of an exec that failed, or 0.
  Result<int> Begin(HeldCommand& command, Progress& progress);
  // Until the end of the run.
  void Follow(Progress& progress);
  void Wait(const Progress& progress);
  void PassSignals(Progress& progress);
  void Reap(Progress& progress);
  [[nodiscard]] bool HasEnded(const Progress& progress) const;
  void TellWhatIsWaitedFor(Progress& progress) const;
  Status CutNow();
  Result<Books> Collect();
  void AddEpoch(Progress& progress, Books books);
  [[nodiscard]] RunFigures FiguresOf(const Progress& progress) const;
  [[nodiscard]] ZoneRun ZoneOf(const Progress& progress, size_t zone) const;
  [[nodiscard]] Nanoseconds UncertaintyOf(const std::string& zone) const;

  const RunnerOptions options_;
  const Clock& clock_;
  CommandResolver& resolver_;  // owned by epochs_
  const std::vector<energy::Zone> zones_;
  const std::vector<Nanoseconds> update_periods_;  // by zone of the meter
  const Nanoseconds epoch_time_;                   // how long epochs within a run are
  Origin origin_;
  monitor::EpochRunner epochs_;
  UniqueFd signals_;
  sigset_t command_mask_ = {};  // what signals commands start with blocked
  Nanoseconds epoch_due_;
  Nanoseconds longest_lag_;  // between a cut and the reading of a counter
  uint64_t runs_ = 0;
};

}  // namespace brahe::run
