#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/workload/workload.h"

namespace brahe::workload {

// One cgroup.
struct Cgroup {
  std::string path;                    // relative to its hierarchy's root; empty: could not be resolved
  std::optional<Container> container;  // the innermost one that the path lies in
  CgroupFacts facts;                   // what else the path tells
};

// From cgroup id to path and container.
//
// A live cgroup is found by its id alone (open_by_handle_at on the hierarchy, whose file handles are the ids since
// Linux 5.5, then the link under /proc/self/fd); this takes CAP_DAC_READ_SEARCH. Where that is not to be had,
// /proc/PID/cgroup of a process that ran in it is read and the folder's inode compared with the id. The cgroups that
// are there at the start are noted at once, and later ones learnt at their birth, so that one which is gone before it
// is looked for has its path too. An unknown id is asked for again at most once per epoch, and no more after three
// epochs. Not thread-safe.
class CgroupDirectory {
 public:
  // `cgroup_root` is the mount point of the hierarchy that the CPU time source accounts by (FindCgroupHierarchy). One
  // that cannot be opened is logged, and nothing is found in it.
  CgroupDirectory(std::string procfs_root, std::string cgroup_root);
  ~CgroupDirectory();

  // Records a path that the CPU time source met. `path` starts with '/'. The first path of an id stays.
  void Learn(uint64_t cgroup_id, const std::string& path);
  // The cgroup of `cgroup_id`, where process `pid` ran lately (0: none is known). Valid until the next call.
  const Cgroup& Find(uint64_t cgroup_id, uint32_t pid);
  // The units of cgroups that were learnt since this was asked last, each once: they may not have used any time yet. A
  // slice has none of its own, so that it is told with what it has.
  std::set<std::string> TakeNewUnits() { return std::exchange(new_units_, {}); }
  // What Find has found of it, or Learn was told. Looks nowhere. Valid until the next call.
  const Cgroup& Known(uint64_t cgroup_id);
  // Tells that an epoch ended: unknown ids may be tried again, and removed cgroups that Find was not asked for during
  // the last `kept_epochs` epochs are forgotten.
  void EndEpoch(uint64_t kept_epochs = 64);

 private:
  struct Entry;
  void LearnAll(const std::string& path);
  Entry& EntryOf(uint64_t cgroup_id);
  void Resolve(uint64_t cgroup_id, uint32_t pid, Entry& entry);
  std::optional<std::string> PathByHandle(uint64_t cgroup_id);
  std::optional<std::string> PathByProcess(uint64_t cgroup_id, uint32_t pid) const;
  bool IsFolderOf(uint64_t cgroup_id, const std::string& path) const;

  std::string procfs_root_;
  std::string cgroup_root_;  // as the kernel calls it, or empty for "/"
  UniqueFd mount_;           // not valid: handles cannot be used
  uint64_t epoch_ = 1;
  std::unordered_map<uint64_t, std::unique_ptr<Entry>> entries_;
  std::set<std::string> new_units_;
};

}  // namespace brahe::workload
