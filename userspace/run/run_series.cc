#include "userspace/run/run_series.h"

#include <cstdlib>
#include <utility>

#include "userspace/run/command_hint.h"

namespace brahe::run {
namespace {

// Whether the series goes on.
bool Add(const RunOutcome& run, bool counts, Series& series, SeriesOutcome& outcome) {
  if (run.exec_errno != 0) {
    const char* const path = getenv("PATH");
    outcome.exec_failure = DescribeExecFailure(series.command.front(), run.exec_errno, path != nullptr ? path : "");
    outcome.exit_status = ExitStatusOfExec(run.exec_errno);
    return false;
  }
  const int status = run.figures ? run.figures->exit_status : 128 + run.signal;
  if (outcome.exit_status == 0) outcome.exit_status = status;
  if (run.figures && counts) series.runs.push_back(*run.figures);
  return run.signal == 0;
}

}  // namespace

Result<SeriesOutcome> RunSeries(CommandRunner& runner, const SeriesOptions& options) {
  SeriesOutcome outcome;
  std::vector<Series> all;
  for (const auto& command : options.commands) all.push_back({.command = command, .runs = {}});
  bool goes_on = true;
  for (uint64_t round = 0; goes_on && round < options.warm_up + options.runs; ++round) {
    for (Series& series : all) {
      const auto run = runner.Run(series.command);
      if (!run) return run.error();
      goes_on = Add(*run, round >= options.warm_up, series, outcome);
      if (!goes_on) break;
    }
  }
  for (Series& series : all) {
    if (!series.runs.empty()) outcome.series.push_back(std::move(series));
  }
  return outcome;
}

}  // namespace brahe::run
