#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "userspace/monitor/group_table.h"
#include "userspace/monitor/snapshot.h"
#include "userspace/monitor/workload_resolver.h"

namespace brahe::monitor {

// A pod. Its members are its containers that run.
struct PodRecord : GroupRecord<PodLabels, PodRecord> {
  uint64_t cgroup_id = 0;  // of one of its containers, the one that came or ended last
};

// The pods that are listed, by uid. A pod of which no container runs may still be populated, by containers that were
// never seen. Not thread-safe.
class PodTable final : public GroupTable<PodRecord> {
 public:
  PodTable(attribution::Ledger& ledger, WorkloadResolver& resolver, EndedPolicy policy)
      : GroupTable(ledger, policy), resolver_(resolver) {}

  // The record of a pod that has a container in `cgroup_id`; new ones get an account.
  PodRecord& Use(const std::string& uid, uint64_t cgroup_id) {
    PodRecord& pod = UseKey(uid);
    pod.cgroup_id = cgroup_id;
    return pod;
  }
  // What is empty in `names` is not known: what was known stays.
  void SetNames(PodRecord& pod, const workload::Pod& names) {
    PodLabels labels = *pod.labels;
    if (!names.name.empty()) labels.name = names.name;
    if (!names.name_space.empty()) labels.name_space = names.name_space;
    Relabel(pod, std::move(labels));
  }

 private:
  bool IsPopulated(const PodRecord& pod) override { return resolver_.IsPodPopulated(pod.cgroup_id); }

  WorkloadResolver& resolver_;
};

}  // namespace brahe::monitor
