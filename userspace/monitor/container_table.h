#pragma once

#include <cstdint>

#include "userspace/attribution/ledger.h"
#include "userspace/monitor/group_table.h"
#include "userspace/monitor/pod_table.h"
#include "userspace/monitor/snapshot.h"
#include "userspace/monitor/workload_resolver.h"

namespace brahe {

// A container. Its members are live processes that were seen in it.
struct ContainerRecord : GroupRecord<ContainerLabels, ContainerRecord> {
  uint64_t cgroup_id = 0;     // the one of its cgroups that was used last
  uint32_t pid = 0;           // of the process that used it last; 0: none is known
  PodRecord* pod = nullptr;   // of which it is a member; null after its end, and where none is known
  bool named_by_pod = false;  // its name is for good
  int name_questions = 0;     // how often the machine was asked what it is called
};

// The containers that are listed, and their places in pods. Not thread-safe.
//
// A pod has all that its containers used since they were first seen, also before it was known that they are its own.
class ContainerTable final : public GroupTable<ContainerRecord> {
 public:
  // The references must outlive this object.
  ContainerTable(Ledger& ledger, PodTable& pods, WorkloadResolver& resolver, EndedPolicy policy)
      : GroupTable(ledger, policy), ledger_(ledger), pods_(pods), resolver_(resolver) {}

  // The record of a container that used time in this epoch in `cgroup_id`, by process `pid` (0: not known); new ones
  // get an account.
  ContainerRecord& Use(const Container& container, uint64_t cgroup_id, uint32_t pid);
  // After an epoch's uses and before the ledger's Post: puts containers that run into their pods, and asks for names of
  // both that are not known yet. What the pod calls a container goes before what the machine does, which is asked in
  // the first epochs only: whether it knows does not change later.
  void FindPods();

 private:
  bool IsPopulated(const ContainerRecord& container) override { return resolver_.IsPopulated(container.cgroup_id); }
  void OnEnd(ContainerRecord& container) override;
  void FindPod(ContainerRecord& container);
  void JoinPod(ContainerRecord& container);
  void AskForNames(ContainerRecord& container);
  void AskMachine(ContainerRecord& container);

  Ledger& ledger_;
  PodTable& pods_;
  WorkloadResolver& resolver_;
};

}  // namespace brahe
