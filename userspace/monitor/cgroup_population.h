#pragma once

#include <string>

namespace brahe::monitor {

// True if processes live now in the container whose own cgroup is `container` and of whose cgroups one is `path` (both
// relative to the mount point `cgroup_root`, starting with '/'). Cgroup v2 answers for all below the container's
// folder, v1 for that folder and the one at `path`. False if there is no such folder.
bool IsContainerPopulated(const std::string& cgroup_root, const std::string& path, const std::string& container);
// The same of the pod `pod_uid` (in its folder's name, dashes may be underscores). Cgroup v1 answers for the folders
// right below the pod's. False if the uid is empty.
bool IsPodCgroupPopulated(const std::string& cgroup_root, const std::string& path, const std::string& pod_uid);

}  // namespace brahe::monitor
