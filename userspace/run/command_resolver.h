#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "userspace/monitor/workload_resolver.h"
#include "userspace/workload/workload.h"

namespace brahe::run {

// Takes the cgroup of the command that runs now, and those below it, for one container, and knows no other: the books
// of containers are those of the commands then. Not thread-safe.
class CommandResolver final : public monitor::WorkloadResolver {
 public:
  // From now on the command in the cgroup `id`, whose folder is `folder`, is the container `name`.
  void Begin(const std::string& name, const std::string& folder, uint64_t id);

  void LearnCgroup(uint64_t cgroup_id, const std::string& path) override;
  const workload::Container* ContainerOf(uint64_t cgroup_id, const ProcessKey& process) override;
  bool IsPopulated(uint64_t cgroup_id) override { return inside_.contains(cgroup_id); }
  bool IsPodPopulated(uint64_t /*cgroup_id*/) override { return false; }
  std::optional<workload::PodMember> PodOf(const workload::Container& /*container*/) override { return std::nullopt; }
  [[nodiscard]] bool KnowsPods() const override { return false; }
  std::string NameOf(const workload::Container& /*container*/, uint64_t /*cgroup_id*/, uint32_t /*pid*/) override {
    return "";
  }
  const workload::CgroupFacts& CgroupFactsOf(uint64_t /*cgroup_id*/, const ProcessKey& /*process*/) override {
    return no_facts_;
  }
  std::set<std::string> TakeNewUnits() override { return {}; }
  std::vector<workload::Pod> TakeNewPods() override { return {}; }
  std::string UserNameOf(uint32_t uid) override { return std::to_string(uid); }
  workload::ProcessFacts FactsOf(const ProcessKey& /*process*/, const std::string& comm, const std::string& exec_path,
                                 bool /*alive*/) override {
    return {.comm = comm, .exe = exec_path};
  }
  bool IsAlive(const ProcessKey& /*process*/) override { return true; }
  void EndEpoch() override { has_looked_ = false; }

 private:
  void LookBelow();

  const workload::CgroupFacts no_facts_ = {};
  workload::Container command_;
  std::string folder_;  // empty: no command has begun
  uint64_t id_ = 0;
  std::string path_;                     // as the kernel calls it; empty: not told
  std::unordered_set<uint64_t> inside_;  // the command's cgroup and those that are or were below it
  bool has_looked_ = false;              // in this epoch
};

}  // namespace brahe::run
