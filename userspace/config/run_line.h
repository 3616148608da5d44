#pragma once

#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/config/config.h"
#include "userspace/config/flags.h"

namespace brahe::config {

// What the command line of `brahe run` says.
struct RunLine {
  std::string text;                                // to print on stdout and exit, if not empty
  Config config;                                   // log.level is warn unless it is given
  std::vector<std::vector<std::string>> commands;  // one, or two that are to be compared
};

// The word between two commands that are to be compared.
inline constexpr char kVersus[] = "--vs";

// The flags that `brahe run` takes: its own, and those of the exporter's that say where figures come from.
const std::vector<Flag>& RunFlags();

// Whether a flag of these is run's own.
bool IsOfRun(const Flag& flag);

// `arguments` are those after "run". Flags end at "--" or at the first that is none. Errors and threads as of
// ParseCommandLine.
Result<RunLine> ParseRunLine(const Arguments& arguments);

}  // namespace brahe::config
