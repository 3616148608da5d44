#pragma once

#include "userspace/config/command_flags.h"

namespace brahe::config {

// The flags of `brahe unpin`.
const CommandFlags& UnpinFlags();

// `arguments` are those after "unpin". Errors and threads as of ParseCommandLine.
Result<CommandArguments> ParseUnpinLine(const Arguments& arguments);

}  // namespace brahe::config
