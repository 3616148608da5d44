#pragma once

#include <optional>
#include <string_view>

#include "userspace/workload/workload.h"

namespace brahe::workload {

// The innermost container that a cgroup lies in, by the names that runtimes give to their cgroups; nullopt: in none.
// Takes time in proportion to the path's length. The path may be hostile: whoever may make cgroups chooses their names.
//
// Below a user's own tree (systemd's user@UID.service, which is delegated) only the names that engines without root
// give are believed, and what they tell of pods is not.
std::optional<Container> ContainerOfPath(std::string_view cgroup_path);

}  // namespace brahe::workload
