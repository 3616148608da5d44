#pragma once

#include "userspace/config/command_flags.h"

namespace brahe::config {

// The flags of `brahe state`.
const CommandFlags& StateFlags();

// `arguments` are those after "state". Errors and threads as of ParseCommandLine.
Result<CommandArguments> ParseStateLine(const Arguments& arguments);

}  // namespace brahe::config
