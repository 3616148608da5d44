#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace brahe::workload {

// The paths in a PROCFS/PID/cgroup, one for each hierarchy, relative to its root and starting with '/'. One that
// reaches above this process' cgroup namespace loses what is above. Lines that hold no path are left out.
std::vector<std::string> CgroupPathsIn(std::string_view text);

}  // namespace brahe::workload
