#pragma once

#include <string>

#include "userspace/monitor/workload_resolver.h"
#include "userspace/workload/cgroup_directory.h"
#include "userspace/workload/process_directory.h"

namespace brahe {

// Asks the host's /proc and cgroup file system.
class HostWorkloadResolver final : public WorkloadResolver {
 public:
  // `cgroup_root` is the mount point of the hierarchy that the CPU time source accounts by.
  HostWorkloadResolver(const std::string& procfs_root, const std::string& cgroup_root)
      : cgroup_root_(cgroup_root), cgroups_(procfs_root, cgroup_root), processes_(procfs_root) {}

  void LearnCgroup(uint64_t cgroup_id, const std::string& path) override { cgroups_.Learn(cgroup_id, path); }
  const Container* ContainerOf(uint64_t cgroup_id, uint32_t pid) override;
  bool IsPopulated(uint64_t cgroup_id) override;
  ProcessFacts FactsOf(const ProcessKey& process, const std::string& comm, const std::string& exec_path,
                       bool alive) override {
    return processes_.Read(process, comm, exec_path, alive);
  }
  void EndEpoch() override { cgroups_.EndEpoch(); }

 private:
  std::string cgroup_root_;
  CgroupDirectory cgroups_;
  ProcessDirectory processes_;
};

}  // namespace brahe
