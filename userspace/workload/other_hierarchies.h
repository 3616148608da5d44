#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "userspace/base/process_key.h"
#include "userspace/workload/workload.h"

namespace brahe {

// Whose a process is by any of its cgroups, for machines of cgroup v1: there a runtime may make cgroups in some
// hierarchies only, and leave the one that CPU time is accounted by alone. Slurm does so with jobacct_gather/linux: its
// jobs are known by freezer, memory or devices, and have no folder in cpuacct.
//
// It is a look into PROCFS/PID/cgroup, in the first few epochs in which a process is asked about (it may be moved there
// just before its program starts) and then in one of many. Where there is one hierarchy alone, that is noticed, and
// nothing is read. A process that has ended is in none. Not thread-safe.
class OtherHierarchies {
 public:
  explicit OtherHierarchies(std::string procfs_root) : procfs_root_(std::move(procfs_root)) {}

  // The container that `process`, which lives, is in; null: none. Valid until EndEpoch.
  const Container* ContainerOf(const ProcessKey& process);
  void EndEpoch();

 private:
  struct Entry {
    std::optional<Container> container = {};
    uint64_t last_look = 0;  // epoch; 0: never
    uint64_t last_used = 0;  // epoch
    int looks = 0;
  };
  [[nodiscard]] bool IsDue(const Entry& entry) const;
  std::optional<Container> Look(uint32_t pid);

  std::string procfs_root_;
  bool has_one_only_ = false;  // hierarchy
  uint64_t epoch_ = 1;
  std::unordered_map<ProcessKey, Entry> entries_;
};

}  // namespace brahe
