#pragma once

#include <string>
#include <string_view>

namespace brahe::workload {

// The unit of the system's systemd that a cgroup lies in, as systemctl calls it; empty: in none, or in the root.
//
// Only names that come back are told, so that they are few: a service by its own name (one of a template for each
// connection by the template's), all of a user by the user's slice (user-1000.slice), and what is made for one run, one
// session, one container or one mount by the outermost slice that it lies in. init.scope and slurmstepd.scope have
// their own names.
//
// The outermost service decides, and only what lies in slices down from the root is the system's: no name below a
// service, within a container or in a user's own tree can pass for another unit. Takes time in proportion to the path's
// length. The path may be hostile.
std::string UnitOfPath(std::string_view cgroup_path);

}  // namespace brahe::workload
