#pragma once

#include "userspace/config/command_flags.h"

namespace brahe::config {

// The flags of `brahe check`.
const CommandFlags& CheckFlags();

// `arguments` are those after "check". Errors and threads as of ParseCommandLine.
Result<CommandArguments> ParseCheckLine(const Arguments& arguments);

}  // namespace brahe::config
