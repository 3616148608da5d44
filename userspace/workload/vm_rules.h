#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/workload/workload.h"

namespace brahe::workload {

// True if the executable at `exe` (a path or a bare name) is one that runs virtual machines. Only its name counts, not
// its folder: anybody may call a program so, and then it is taken for one.
bool IsHypervisor(std::string_view exe);

// The virtual machine that a process of `exe` with these arguments (the first is what the process was called by and
// does not matter) runs; nullopt: none. Its id is never empty and tells it from others with another command line.
// Takes time in proportion to the arguments' length. They may be hostile: whoever starts the process chooses them.
std::optional<VirtualMachine> VmOfProcess(std::string_view exe, const std::vector<std::string>& arguments);

}  // namespace brahe::workload
