#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "userspace/cpu/cgroup_hierarchy.h"
#include "userspace/cpu/cpu_time_source.h"

namespace brahe::cpu {

// From a cgroup's path to its id. Not thread-safe.
class CgroupIds {
 public:
  explicit CgroupIds(CgroupHierarchy hierarchy) : hierarchy_(std::move(hierarchy)) {}

  [[nodiscard]] const CgroupHierarchy& hierarchy() const { return hierarchy_; }
  // The inode of the cgroup's folder, which is looked at once an epoch. A cgroup that was removed since keeps its id;
  // one that was never there to be looked at has a number made of its path, with the top bit set. Adds the pair to
  // `news` the first time it is seen.
  uint64_t Find(const std::string& path, std::vector<CgroupPath>& news);
  // Ends the epoch. Paths that were not asked for in the last 32 epochs are forgotten.
  void EndEpoch();

 private:
  struct Entry {
    uint64_t id = 0;
    uint64_t epoch = 0;  // when it was looked at last
  };
  CgroupHierarchy hierarchy_;
  uint64_t epoch_ = 1;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace brahe::cpu
