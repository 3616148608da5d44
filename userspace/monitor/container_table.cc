#include "userspace/monitor/container_table.h"

#include <optional>
#include <utility>

namespace brahe {

ContainerRecord& ContainerTable::Use(const Container& container, uint64_t cgroup_id) {
  ContainerRecord& record = UseId(container.id);
  if (record.cgroup_id == 0) {  // is new
    Relabel(record, {.id = container.id, .name = "", .runtime = container.runtime, .pod_id = container.pod_uid});
  }
  record.cgroup_id = cgroup_id;
  return record;
}

void ContainerTable::FindPods() {
  for (ContainerRecord* container : listed()) {
    // One that has ended may have late time.
    if (!container->ended || container->touched) FindPod(*container);
  }
}

void ContainerTable::FindPod(ContainerRecord& container) {
  JoinPod(container);
  const bool is_named = !container.labels->name.empty();
  const bool has_named_pod = container.pod != nullptr && !container.pod->labels->name.empty();
  if (!is_named || !has_named_pod) AskForNames(container);
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
  if (!member->container_name.empty()) labels.name = member->container_name;
  // The uid in the cgroup's path is believed first: it is there from the beginning, and a pod must not change its id.
  if (labels.pod_id.empty()) labels.pod_id = member->pod.uid;
  Relabel(container, std::move(labels));
  if (container.pod == nullptr) {
    JoinPod(container);
    if (container.pod != nullptr) ledger_.AddTo(container.account, container.pod->account);
  }
  if (container.pod != nullptr) pods_.SetNames(*container.pod, member->pod);
}

void ContainerTable::OnEnd(ContainerRecord& container) {
  PodRecord* const pod = std::exchange(container.pod, nullptr);
  if (pod == nullptr) return;
  pod->cgroup_id = container.cgroup_id;
  pods_.Leave(*pod);
}

}  // namespace brahe
