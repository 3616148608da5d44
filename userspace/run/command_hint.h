#pragma once

#include <string>

namespace brahe::run {

// Why `program` could not be run, where exec failed with `exec_errno`, and what may have been meant: in one line.
// `path` is the variable PATH.
std::string DescribeExecFailure(const std::string& program, int exec_errno, const std::string& path);

}  // namespace brahe::run
