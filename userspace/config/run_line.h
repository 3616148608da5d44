#pragma once

#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/config/command_flags.h"
#include "userspace/config/config.h"

namespace brahe::config {

// What the command line of `brahe run` says.
struct RunLine {
  std::string text;                                // to print on stdout and exit, if not empty
  Config config;                                   // log.level is warn unless it is given
  std::vector<std::vector<std::string>> commands;  // one, or two that are to be compared
};

// The word between two commands that are to be compared.
inline constexpr char kVersus[] = "--vs";

// The flags of `brahe run`.
const CommandFlags& RunFlags();

// `arguments` are those after "run". Flags end at "--" or at the first that is none. Errors and threads as of
// ParseCommandLine.
Result<RunLine> ParseRunLine(const Arguments& arguments);

}  // namespace brahe::config
