#pragma once

#include <string_view>

#include "userspace/workload/workload.h"

namespace brahe::workload {

// What the path of a cgroup tells besides the container: the systemd unit (unit_rules.h) and the batch job that it lies
// in. Of a job only the system's word is believed: the outermost one counts, and one in a user's own tree or in a
// container is none. Takes time in proportion to the path's length. The path may be hostile.
CgroupFacts FactsOfPath(std::string_view cgroup_path);

}  // namespace brahe::workload
