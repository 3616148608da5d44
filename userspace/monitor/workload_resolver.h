#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "userspace/base/process_key.h"
#include "userspace/workload/workload.h"

namespace brahe::monitor {

// What the monitor asks about processes and cgroups: whose they are and what they are called.
// Not thread-safe: the monitor's thread owns it.
class WorkloadResolver {
 public:
  virtual ~WorkloadResolver() = default;

  // Records a cgroup's path that the CPU time source met.
  virtual void LearnCgroup(uint64_t cgroup_id, const std::string& path) = 0;
  // The container of time that `process` (pid 0: it is not known which) used in the cgroup. Null if it is none's or not
  // known (yet). Valid until the next call.
  virtual const workload::Container* ContainerOf(uint64_t cgroup_id, const ProcessKey& process) = 0;
  // True if processes live now in the container that the cgroup lies in. False if there are none or it is not known.
  virtual bool IsPopulated(uint64_t cgroup_id) = 0;
  // The same of the pod that the cgroup lies in.
  virtual bool IsPodPopulated(uint64_t cgroup_id) = 0;
  // The container's place in its pod; nullopt if it is in none or that is not known (yet). Asked again in each epoch as
  // long as a name is not known. Must not wait.
  virtual std::optional<workload::PodMember> PodOf(const workload::Container& container) = 0;
  // Whether PodOf may tell of a container that is not known yet.
  [[nodiscard]] virtual bool KnowsPods() const = 0;
  // What the container in `cgroup_id`, where process `pid` ran lately (0: none is known), is called on this machine;
  // empty: not known. Looks into files: not to be asked in each epoch.
  virtual std::string NameOf(const workload::Container& container, uint64_t cgroup_id, uint32_t pid) = 0;
  // What else the paths tell of time that `process` used in the cgroup; empty where it is not known (yet). To be asked
  // after ContainerOf. Valid until the next call.
  virtual const workload::CgroupFacts& CgroupFactsOf(uint64_t cgroup_id, const ProcessKey& process) = 0;
  // What has become known since this was asked last and may use time one day: units, each once, and pods.
  virtual std::set<std::string> TakeNewUnits() = 0;
  virtual std::vector<workload::Pod> TakeNewPods() = 0;
  // The host's name of a user; its number where it has none.
  virtual std::string UserNameOf(uint32_t uid) = 0;
  // The names of a process, and the virtual machine that it runs. `comm` and `exec_path` are what is known so far; with
  // `alive` /proc knows better.
  virtual workload::ProcessFacts FactsOf(const ProcessKey& process, const std::string& comm,
                                         const std::string& exec_path, bool alive) = 0;
  // Whether the process lives now. Looks into /proc.
  virtual bool IsAlive(const ProcessKey& process) = 0;
  // Tells that all of an epoch has been asked.
  virtual void EndEpoch() = 0;
};

}  // namespace brahe::monitor
