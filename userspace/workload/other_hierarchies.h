#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "userspace/base/process_key.h"
#include "userspace/workload/workload.h"

namespace brahe::workload {

// The Slurm steps and jobs of processes, for machines of cgroup v1 on which Slurm leaves the hierarchy alone that CPU
// time is accounted by: with jobacct_gather/linux its jobs have folders in freezer, memory or devices, and none in
// cpuacct.
//
// While another hierarchy has the folder of a job that the accounted one has not, it is a look into PROCFS/PID/cgroup,
// in the first two epochs in which a process is asked about (it may be moved there just before its program starts) and
// then in one of twelve. Otherwise no process costs anything, and where there is no Slurm, not even a folder is listed
// in most epochs. One that has ended before its first look is in no step. Not thread-safe.
class OtherHierarchies {
 public:
  // `cgroup_root` is the mount point of the hierarchy that CPU time is accounted by, `others` those of the other ones
  // of cgroup v1; none where cgroup v2 is accounted by.
  OtherHierarchies(std::string procfs_root, std::string cgroup_root, std::vector<std::string> others)
      : procfs_root_(std::move(procfs_root)), cgroup_root_(std::move(cgroup_root)), others_(std::move(others)) {}

  // The step that `process` is in; null: none. Valid until EndEpoch.
  const Container* ContainerOf(const ProcessKey& process);
  // The job that goes with it: `unit` stays empty. Null: none. Looks nowhere by itself. Valid until EndEpoch.
  [[nodiscard]] const CgroupFacts* FactsOf(const ProcessKey& process) const;
  void EndEpoch();

 private:
  struct Entry {
    std::optional<Container> container = {};
    CgroupFacts facts = {};
    uint64_t last_look = 0;  // epoch; 0: never
    uint64_t last_used = 0;  // epoch
    int looks = 0;
  };
  // A folder of Slurm's in another hierarchy.
  struct SlurmFolder {
    std::string path;  // absolute
    std::string own;   // the same in the accounted hierarchy
  };
  void FindSlurm();
  [[nodiscard]] bool HasJobsOfItsOwn(const SlurmFolder& slurm) const;
  [[nodiscard]] bool IsDue(const ProcessKey& process, const Entry& entry) const;
  void Look(uint32_t pid, Entry& entry) const;

  std::string procfs_root_;
  std::string cgroup_root_;
  std::vector<std::string> others_;
  std::vector<SlurmFolder> slurm_;
  uint64_t epoch_ = 1;
  uint64_t next_look_ = 0;  // the epoch from which on Slurm's folders are to be looked for
  uint64_t asked_ = 0;      // the epoch in which it was asked whether jobs are elsewhere
  bool has_jobs_ = false;   // they are
  std::unordered_map<ProcessKey, Entry> entries_;
};

}  // namespace brahe::workload
