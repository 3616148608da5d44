#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/run/command_runner.h"
#include "userspace/run/figures.h"

namespace brahe::run {

struct SeriesOptions {
  std::vector<std::vector<std::string>> commands;  // one, or two to be run in turns
  uint64_t runs = 1;                               // of each
  uint64_t warm_up = 0;                            // runs of each before these, which are not counted
};

// What came of all runs.
struct SeriesOutcome {
  std::vector<Series> series;  // without those that had no run
  int exit_status = 0;         // of the first run that failed; 0: none did
  std::string exec_failure;    // why a program could not be run; empty: all could
};

// Runs the commands in turns until all is done, a program cannot be run or a signal asks for an end. An Error if the
// measurement fails.
Result<SeriesOutcome> RunSeries(CommandRunner& runner, const SeriesOptions& options);

}  // namespace brahe::run
