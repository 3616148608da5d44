#include "userspace/monitor/container_table.h"

#include <optional>
#include <utility>

namespace brahe {

ContainerRecord& ContainerTable::Use(const Container& container, uint64_t cgroup_id, uint32_t pid) {
  ContainerRecord& record = UseId(container.id);
  if (record.cgroup_id == 0) {  // is new
    Relabel(record, {.id = container.id, .name = "", .runtime = container.runtime, .pod_id = container.pod_uid});
  }
  record.cgroup_id = cgroup_id;
  if (pid != 0) record.pid = pid;
  return record;
}

void ContainerTable::FindPods() {
  ForEach([this](ContainerRecord& container) {
    // One that has ended may have late time.
    if (!container.ended || container.touched) FindPod(container);
  });
}

void ContainerTable::FindPod(ContainerRecord& container) {
  JoinPod(container);
  const bool has_named_pod = container.pod != nullptr && !container.pod->labels->name.empty();
  if (!container.named_by_pod || !has_named_pod) AskForNames(container);
  if (container.labels->name.empty()) AskMachine(container);
}

void ContainerTable::JoinPod(ContainerRecord& container) {
  if (container.pod != nullptr || container.labels->pod_id.empty()) return;
  container.pod = &pods_.Use(container.labels->pod_id, container.cgroup_id);
  pods_.Join(*container.pod);
}

void ContainerTable::AskForNames(ContainerRecord& container) {
  const ContainerLabels& known = *container.labels;
  const std::optional<PodMember> member =
      resolver_.PodOf({.id = known.id, .runtime = known.runtime, .pod_uid = known.pod_id});
  if (!member) return;
  ContainerLabels labels = known;
  if (!member->container_name.empty()) {
    labels.name = member->container_name;
    container.named_by_pod = true;
  }
  // The uid in the cgroup's path is believed first: it is there from the beginning, and a pod must not change its id.
  if (labels.pod_id.empty()) labels.pod_id = member->pod.uid;
  Relabel(container, std::move(labels));
  if (container.pod == nullptr) {
    JoinPod(container);
    if (container.pod != nullptr) ledger_.AddTo(container.account, pods_.Charge(*container.pod));
  }
  if (container.pod != nullptr) pods_.SetNames(*container.pod, member->pod);
}

void ContainerTable::AskMachine(ContainerRecord& container) {
  constexpr int kMaxQuestions = 3;  // the first may come before the container's own program runs
  if (container.name_questions == kMaxQuestions) return;
  ++container.name_questions;
  ContainerLabels labels = *container.labels;
  labels.name = resolver_.NameOf({.id = labels.id, .runtime = labels.runtime, .pod_uid = labels.pod_id},
                                 container.cgroup_id, container.pid);
  Relabel(container, std::move(labels));
}

void ContainerTable::OnEnd(ContainerRecord& container) {
  PodRecord* const pod = std::exchange(container.pod, nullptr);
  if (pod == nullptr) return;
  pod->cgroup_id = container.cgroup_id;
  pods_.Leave(*pod);
}

}  // namespace brahe
