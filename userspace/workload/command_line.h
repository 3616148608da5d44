#pragma once

#include <string>
#include <vector>

#include "userspace/base/result.h"

namespace brahe::workload {

// Longer command lines are cut here.
constexpr size_t kLongestCommandLine = 128 << 10;

// The arguments of the process whose folder under /proc is `folder`; they may hold any bytes but NUL. Of a command line
// that is too long the arguments that fit, the last of them perhaps cut. Empty for kernel threads and processes that
// are ending.
Result<std::vector<std::string>> ReadCommandLine(const std::string& folder);

}  // namespace brahe::workload
