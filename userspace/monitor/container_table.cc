#include "userspace/monitor/container_table.h"

#include <optional>
#include <string_view>
#include <utility>

#include "userspace/base/plain_text.h"

namespace brahe::monitor {
namespace {

// The first may come before the container's own program runs.
constexpr int kMaxNameQuestions = 3;

void SetKey(const workload::Container& container, std::string& key) {
  key = container.id;
  // No path holds a zero byte.
  if (!container.tree.empty()) key.append(1, '\0').append(container.tree);
}

std::string_view LastName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool HasNamedPod(const ContainerRecord& container) {
  return container.pod != nullptr && !container.pod->labels->name.empty();
}

}  // namespace

ContainerRecord& ContainerTable::Use(const workload::Container& container, uint64_t cgroup_id, uint32_t pid) {
  SetKey(container, key_);
  ContainerRecord& record = UseKey(key_);
  if (record.cgroup_id == 0) {  // is new
    record.container = container;
    Relabel(record, {.id = "", .name = "", .runtime = container.runtime, .pod_id = container.pod_uid});
    SetId(record);
  }
  record.cgroup_id = cgroup_id;
  if (pid != 0) record.pid = pid;
  return record;
}

std::vector<ContainerState> ContainerTable::State() const {
  std::vector<ContainerState> states;
  ForEach([&](const ContainerRecord& container) {
    ContainerState& state = states.emplace_back();
    FillState(container, state);
    state.container = container.container;
    state.cgroup_id = container.cgroup_id;
    state.pod_was_asked = container.pod_was_asked;
    state.named_by_pod = container.named_by_pod;
  });
  return states;
}

void ContainerTable::Resume(const ContainerState& state, Nanoseconds now) {
  SetKey(state.container, key_);
  ContainerRecord* const container = ResumeKey(key_, state, now);
  if (container == nullptr) return;
  by_printed_id_.try_emplace(PlainText(state.labels->id), container);
  container->container = state.container;
  container->cgroup_id = state.cgroup_id;
  container->pod_was_asked = state.pod_was_asked;
  container->named_by_pod = state.named_by_pod;
  if (!state.labels->name.empty()) container->name_questions = kMaxNameQuestions;
}

ContainerRecord* ContainerTable::WithPrintedId(const std::string& id) const {
  const auto it = by_printed_id_.find(PlainText(id));
  return it != by_printed_id_.end() ? it->second : nullptr;
}

void ContainerTable::SetId(ContainerRecord& container) {
  const auto [it, added] = by_printed_id_.try_emplace(PlainText(container.container.id), &container);
  ContainerRecord* const other = it->second;
  if (added) return TakeId(container, container.container.id);
  const bool takes_it = container.container.tree.empty() && !other->container.tree.empty();
  ContainerRecord& loser = takes_it ? *other : container;
  if (takes_it) {
    it->second = &container;
    TakeId(container, container.container.id);
    has_changed_ids_ = true;
    // What was found by an id that is another's.
    if (other->pod_was_asked) LeavePod(*other);
  }
  const std::string_view tree = LastName(loser.container.tree);
  const std::string long_id = (tree.empty() ? "" : std::string(tree) + "/") + loser.container.id;
  std::string id = long_id;
  // Where that is taken as well: by one whose id has other bytes that cannot be printed, or that somebody made up.
  for (uint64_t number = loser.account; !by_printed_id_.try_emplace(PlainText(id), &loser).second; ++number) {
    id = long_id + "~" + std::to_string(number);
  }
  TakeId(loser, std::move(id));
}

void ContainerTable::TakeId(ContainerRecord& container, std::string id) {
  ContainerLabels labels = *container.labels;
  labels.id = std::move(id);
  Relabel(container, std::move(labels));
}

bool ContainerTable::HasPlainId(const ContainerRecord& container) const {
  return container.labels->id == container.container.id;
}

// Kubernetes knows containers by their ids alone, and has none in a user's own tree.
bool ContainerTable::MayBeInPod(const ContainerRecord& container) const {
  return HasPlainId(container) && !container.container.of_user;
}

bool ContainerTable::AwaitsNames(const ContainerRecord& container) {
  const bool is_named = !container.labels->name.empty() && HasNamedPod(container);
  return resolver_.KnowsPods() && MayBeInPod(container) && !is_named;
}

Microjoules ContainerTable::PendingForPods(size_t series) const {
  Microjoules sum;
  ForEachHeld([&](const ContainerRecord& container) {
    if (container.pod == nullptr) sum += ledger_.BalanceOf(container.account, series).total;
  });
  return sum;
}

void ContainerTable::OnDrop(ContainerRecord& container) { by_printed_id_.erase(PlainText(container.labels->id)); }

void ContainerTable::FindPods() {
  ForEach([this](ContainerRecord& container) {
    // One that has ended may have late time.
    if (!container.ended || container.touched) FindPod(container);
  });
}

void ContainerTable::FindPod(ContainerRecord& container) {
  JoinPod(container);
  if (MayBeInPod(container) && !(container.named_by_pod && HasNamedPod(container))) AskForNames(container);
  if (container.labels->name.empty()) AskMachine(container);
}

void ContainerTable::JoinPod(ContainerRecord& container) {
  if (container.pod != nullptr || container.labels->pod_id.empty()) return;
  container.pod = &pods_.Use(container.labels->pod_id, container.cgroup_id);
  pods_.Join(*container.pod);
}

void ContainerTable::AskForNames(ContainerRecord& container) {
  const std::optional<workload::PodMember> member = resolver_.PodOf(container.container);
  if (!member) return;
  ContainerLabels labels = *container.labels;
  if (!member->container_name.empty()) {
    labels.name = member->container_name;
    container.named_by_pod = true;
  }
  if (!TellsRuntime(container.container) && !member->pod.runtime.empty()) labels.runtime = member->pod.runtime;
  // The uid in the cgroup's path is believed first: it is there from the beginning, and a pod must not change its id.
  if (labels.pod_id.empty() && !member->pod.uid.empty()) {
    labels.pod_id = container.container.pod_uid = member->pod.uid;
    container.pod_was_asked = true;
  }
  Relabel(container, std::move(labels));
  if (container.pod == nullptr) {
    JoinPod(container);
    if (container.pod != nullptr && IsHeld(container)) pods_.Gain(*container.pod, container.account);
  }
  if (container.pod != nullptr) pods_.SetNames(*container.pod, member->pod);
}

void ContainerTable::AskMachine(ContainerRecord& container) {
  if (container.name_questions == kMaxNameQuestions) return;
  ++container.name_questions;
  ContainerLabels labels = *container.labels;
  labels.name = resolver_.NameOf(container.container, container.cgroup_id, container.pid);
  Relabel(container, std::move(labels));
}

void ContainerTable::LeavePod(ContainerRecord& container) {
  OnEnd(container);
  ContainerLabels labels = *container.labels;
  if (container.named_by_pod) labels.name.clear();
  labels.runtime = container.container.runtime;
  labels.pod_id.clear();
  Relabel(container, std::move(labels));
  container.container.pod_uid.clear();
  container.pod_was_asked = container.named_by_pod = false;
}

void ContainerTable::OnEnd(ContainerRecord& container) {
  PodRecord* const pod = std::exchange(container.pod, nullptr);
  if (pod == nullptr) return;
  pod->cgroup_id = container.cgroup_id;
  pods_.Leave(*pod);
}

}  // namespace brahe::monitor
