#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "userspace/cpu/cgroup_hierarchy.h"
#include "userspace/cpu/procfs_view.h"
#include "userspace/monitor/workload_resolver.h"
#include "userspace/workload/cgroup_directory.h"
#include "userspace/workload/container_names.h"
#include "userspace/workload/other_hierarchies.h"
#include "userspace/workload/process_directory.h"
#include "userspace/workload/user_names.h"

namespace brahe::monitor {

// What is known at once of pods.
struct PodLookup {
  // A container's place in its pod; nullopt: not known (yet).
  std::function<std::optional<workload::PodMember>(const workload::Container&)> find;
  // The pods that have become known since this was asked last.
  std::function<std::vector<workload::Pod>()> take_news;
};

// Asks the host's /proc and cgroup file system, and Kubernetes where there is a way to.
class HostWorkloadResolver final : public WorkloadResolver {
 public:
  // `cgroup_root` is the mount point of the hierarchy that the CPU time source accounts by. Without `pods` they are
  // known by the uid in their cgroup's path alone.
  HostWorkloadResolver(const std::string& procfs_root, const std::string& cgroup_root,
                       std::optional<PodLookup> pods = std::nullopt)
      : procfs_root_(procfs_root),
        cgroup_root_(cgroup_root),
        cgroups_(procfs_root, cgroup_root),
        other_hierarchies_(procfs_root, cgroup_root, cpu::OtherV1Mounts(procfs_root, cgroup_root)),
        names_(procfs_root),
        processes_(procfs_root),
        users_(procfs_root, [procfs_root] { return cpu::CheckShowsAllProcesses(procfs_root).has_value(); }),
        pods_(std::move(pods)) {}

  void LearnCgroup(uint64_t cgroup_id, const std::string& path) override { cgroups_.Learn(cgroup_id, path); }
  const workload::Container* ContainerOf(uint64_t cgroup_id, const ProcessKey& process) override;
  bool IsPopulated(uint64_t cgroup_id) override;
  bool IsPodPopulated(uint64_t cgroup_id) override;
  std::optional<workload::PodMember> PodOf(const workload::Container& container) override {
    return pods_ ? pods_->find(container) : std::nullopt;
  }
  [[nodiscard]] bool KnowsPods() const override { return pods_.has_value(); }
  std::string NameOf(const workload::Container& container, uint64_t cgroup_id, uint32_t pid) override;
  const workload::CgroupFacts& CgroupFactsOf(uint64_t cgroup_id, const ProcessKey& process) override;
  std::set<std::string> TakeNewUnits() override { return cgroups_.TakeNewUnits(); }
  std::vector<workload::Pod> TakeNewPods() override {
    return pods_ ? pods_->take_news() : std::vector<workload::Pod>();
  }
  std::string UserNameOf(uint32_t uid) override { return users_.NameOf(uid); }
  workload::ProcessFacts FactsOf(const ProcessKey& process, const std::string& comm, const std::string& exec_path,
                                 bool alive) override {
    return processes_.Read(process, comm, exec_path, alive);
  }
  bool IsAlive(const ProcessKey& process) override;
  void EndEpoch() override {
    cgroups_.EndEpoch();
    other_hierarchies_.EndEpoch();
    users_.EndEpoch();
  }

 private:
  [[nodiscard]] std::vector<uint32_t> ProcessesIn(const std::string& cgroup_path) const;

  std::string procfs_root_, cgroup_root_;
  workload::CgroupDirectory cgroups_;
  workload::OtherHierarchies other_hierarchies_;
  workload::ContainerNames names_;
  workload::ProcessDirectory processes_;
  workload::UserNames users_;
  std::optional<PodLookup> pods_;
  workload::CgroupFacts merged_facts_;  // of the last answer
};

}  // namespace brahe::monitor
