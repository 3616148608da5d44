#pragma once

#include <string>

namespace brahe {

// True if processes live now in the container `container_id`, of whose cgroups one has `path` (relative to the mount
// point `cgroup_root`, starting with '/'). Cgroup v2 answers for all below the container's folder, v1 for that folder
// and the one at `path`. False if there is no such folder.
bool IsContainerPopulated(const std::string& cgroup_root, const std::string& path, const std::string& container_id);

}  // namespace brahe
