#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "userspace/attribution/ledger.h"
#include "userspace/monitor/group_table.h"
#include "userspace/monitor/pod_table.h"
#include "userspace/monitor/snapshot.h"
#include "userspace/monitor/workload_resolver.h"

namespace brahe::monitor {

// A container. Its members are live processes that were seen in it.
struct ContainerRecord : GroupRecord<ContainerLabels, ContainerRecord> {
  workload::Container container;  // as its first cgroup told, with its pod's uid as far as that is known
  uint64_t cgroup_id = 0;         // the one of its cgroups that was used last
  uint32_t pid = 0;               // of the process that used it last; 0: none is known
  PodRecord* pod = nullptr;       // of which it is a member; null after its end, and where none is known
  bool pod_was_asked = false;     // its pod is not in its cgroup's path
  bool named_by_pod = false;      // its name is for good
  int name_questions = 0;         // how often the machine was asked what it is called
};

// The containers that are listed, and their places in pods. Not thread-safe.
//
// A container is known by its id and the tree that it lies in: one that was restarted, or has several cgroups, goes on
// in its account, and whoever makes a cgroup in a tree of his own and calls it by another's id has an account of his
// own. No two that are listed have labels with ids that are printed alike. The id alone is the first one's; that of the
// system's tree takes it from any other. The others have it with the tree's last name before it.
//
// A pod has all that its containers used since they were first seen, also before it was known that they are its own, if
// that becomes known while they await their names.
class ContainerTable final : public GroupTable<ContainerRecord> {
 public:
  // The references must outlive this object.
  ContainerTable(attribution::Ledger& ledger, PodTable& pods, WorkloadResolver& resolver, EndedPolicy policy)
      : GroupTable(ledger, policy), ledger_(ledger), pods_(pods), resolver_(resolver) {}

  // The record of a container that used time in this epoch in `cgroup_id`, by process `pid` (0: not known); new ones
  // get an account.
  ContainerRecord& Use(const workload::Container& container, uint64_t cgroup_id, uint32_t pid);
  // What is in the table after an epoch, and how a new table goes on from it; the pods have been put back before.
  [[nodiscard]] std::vector<ContainerState> State() const;
  void Resume(const ContainerState& state, Nanoseconds now);
  // The one whose labels have this id; null: there is none.
  [[nodiscard]] ContainerRecord* WithPrintedId(const std::string& id) const;
  // True if the id in the labels of one that was known before has changed since this was asked last.
  bool TakeChangedIds() { return std::exchange(has_changed_ids_, false); }
  // What containers have used that may be found to be in a pod.
  [[nodiscard]] Microjoules PendingForPods(size_t series) const;
  // After an epoch's uses and before the ledger's Post: puts containers that run into their pods, and asks for names of
  // both that are not known yet. What the pod calls a container goes before what the machine does, which is asked in
  // the first epochs only: whether it knows does not change later. The runtime that the pod tells of is told where the
  // cgroup's path tells of none.
  void FindPods();

 private:
  bool IsPopulated(const ContainerRecord& container) override { return resolver_.IsPopulated(container.cgroup_id); }
  bool AwaitsNames(const ContainerRecord& container) override;
  void OnEnd(ContainerRecord& container) override;
  void OnDrop(ContainerRecord& container) override;
  void SetId(ContainerRecord& container);
  void TakeId(ContainerRecord& container, std::string id);
  [[nodiscard]] bool HasPlainId(const ContainerRecord& container) const;
  [[nodiscard]] bool MayBeInPod(const ContainerRecord& container) const;
  void FindPod(ContainerRecord& container);
  void JoinPod(ContainerRecord& container);
  void LeavePod(ContainerRecord& container);
  void AskForNames(ContainerRecord& container);
  void AskMachine(ContainerRecord& container);

  attribution::Ledger& ledger_;
  PodTable& pods_;
  WorkloadResolver& resolver_;
  std::unordered_map<std::string, ContainerRecord*> by_printed_id_;
  bool has_changed_ids_ = false;
  std::string key_;  // scratch of Use
};

}  // namespace brahe::monitor
