#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"

namespace brahe::cpu {

// The one cgroup hierarchy whose cgroups CPU time is accounted to. A value.
struct CgroupHierarchy {
  bool v2 = false;
  std::string mount_point;       // as this process sees it
  std::string controller;        // v1: "cpuacct" or "cpu"; v2: empty
  std::string mount_root = "/";  // the cgroup that is mounted there, as seen from this process' cgroup namespace;
                                 // "/..", "/../.." and so on where the mount reaches above the namespace
};

// Chooses the hierarchy from PROCFS/self/mountinfo: v1 cpuacct if it is mounted, else v1 cpu, else v2. A hybrid machine
// thus is accounted by v1, which is where its container runtimes put limits and containers. Of several mounts of that
// hierarchy it takes the one that shows most of it: the host's hierarchy ("/../..") before the namespace's own root
// ("/") before one that shows some cgroup only; of equals the first. An Error where no such hierarchy is mounted.
Result<CgroupHierarchy> FindCgroupHierarchy(const std::string& procfs_root);

// Where the other hierarchies of v1 are mounted, if that at `mount_point` is one of v1: each once, as Find chooses.
std::vector<std::string> OtherV1Mounts(const std::string& procfs_root, const std::string& mount_point);

// The cgroup in `hierarchy` that the text of /proc/PID/cgroup tells: its line "0::PATH" (v2) or the one that lists the
// controller (v1). Starts with '/', and with "/.." if it lies outside of what this process' cgroup namespace and the
// mount show. nullopt where there is no such line.
std::optional<std::string> PathInHierarchy(std::string_view proc_pid_cgroup_text, const CgroupHierarchy& hierarchy);

// The folder of the cgroup that PathInHierarchy named; nullopt if the mount does not show it.
std::optional<std::string> FolderOfCgroup(const std::string& path, const CgroupHierarchy& hierarchy);

}  // namespace brahe::cpu
