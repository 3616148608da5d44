#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "userspace/monitor/group_table.h"
#include "userspace/monitor/snapshot.h"
#include "userspace/monitor/workload_resolver.h"

namespace brahe::monitor {

// A pod. Its members are its containers that run.
struct PodRecord : GroupRecord<PodLabels, PodRecord> {
  uint64_t cgroup_id = 0;  // of one of its containers, the one that came or ended last
  workload::Pod facts;     // what Kubernetes says of it
};

// What a pod gets that was used before it was known whose it is.
struct PodGain {
  attribution::AccountId account;
  const PodRecord* pod;
};

// The pods that are listed, by uid. A pod of which no container runs may still be populated, by containers that were
// never seen. Not thread-safe.
class PodTable final : public GroupTable<PodRecord> {
 public:
  PodTable(attribution::Ledger& ledger, WorkloadResolver& resolver, EndedPolicy policy)
      : GroupTable(ledger, policy), ledger_(ledger), resolver_(resolver) {}

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
    if (pod.labels->name_space.empty() && !labels.name_space.empty()) {
      pod.facts = names;
      // What it used while it was listed without a name is nobody's for good.
      if (IsHeld(pod)) gains_.push_back({pod.account, &pod});
      has_new_names_ = true;
    }
    Relabel(pod, std::move(labels));
  }
  // Adds what a container that is a member from now on has used so far.
  void Gain(PodRecord& pod, attribution::AccountId container) {
    ledger_.AddTo(container, Charge(pod));
    // Without names, it is part of what the pod gives away when it gets them.
    if (!pod.labels->name_space.empty()) gains_.push_back({container, &pod});
  }
  // What is in the table after an epoch, and how a new table goes on from it.
  [[nodiscard]] std::vector<PodState> State() const {
    std::vector<PodState> states;
    ForEach([&](const PodRecord& pod) {
      PodState& state = states.emplace_back();
      FillState(pod, state);
      state.facts = pod.facts;
      state.cgroup_id = pod.cgroup_id;
    });
    return states;
  }
  void Resume(const PodState& state, Nanoseconds now) {
    PodRecord* const pod = ResumeKey(state.labels->id, state, now);
    if (pod == nullptr) return;
    pod->facts = state.facts;
    pod->cgroup_id = state.cgroup_id;
  }
  // Whether a pod got its names since this was asked last.
  bool TakeNewNames() { return std::exchange(has_new_names_, false); }
  // What named pods have got since this was asked last. Valid until Settle.
  std::vector<PodGain> TakeGains() { return std::exchange(gains_, {}); }

 private:
  bool IsPopulated(const PodRecord& pod) override { return resolver_.IsPodPopulated(pod.cgroup_id); }
  bool AwaitsNames(const PodRecord& pod) override { return pod.labels->name.empty() && resolver_.KnowsPods(); }

  attribution::Ledger& ledger_;
  WorkloadResolver& resolver_;
  std::vector<PodGain> gains_;
  bool has_new_names_ = false;
};

}  // namespace brahe::monitor
