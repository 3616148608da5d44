#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace brahe::workload {

// A job of Slurm's, as the path of its cgroup tells.
struct SlurmJob {
  std::string_view id;          // its number, or its SLUID; a part of the path
  std::optional<uint32_t> uid;  // whose it is; cgroup v1 alone tells

  bool operator==(const SlurmJob&) const = default;
};

// The job whose own cgroup `path` is, by its last names; nullopt: it is none. Who may call it so is not asked. From
// Slurm 26.05 on the folder has the SLUID's name, unless cgroup.conf has CgroupJobIdPaths=yes.
std::optional<SlurmJob> SlurmJobAt(std::string_view path);

}  // namespace brahe::workload
