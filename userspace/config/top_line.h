#pragma once

#include "userspace/config/command_flags.h"

namespace brahe::config {

// The flags of `brahe top`.
const CommandFlags& TopFlags();

// `arguments` are those after "top". Errors and threads as of ParseCommandLine.
Result<CommandArguments> ParseTopLine(const Arguments& arguments);

}  // namespace brahe::config
