#include "userspace/monitor/container_table.h"

namespace brahe {

ContainerTable::ContainerTable(Ledger& ledger, WorkloadResolver& resolver, EndedPolicy policy, size_t primary)
    : ledger_(ledger), resolver_(resolver), primary_(primary), ended_(policy) {}

ContainerRecord& ContainerTable::Use(const Container& container, uint64_t cgroup_id) {
  const auto [it, added] = records_.try_emplace(container.id);
  ContainerRecord& record = it->second;
  if (added) {
    record.account = ledger_.Open();
    record.labels = std::make_shared<const ContainerLabels>(
        ContainerLabels{.id = container.id, .name = "", .runtime = container.runtime, .pod_id = container.pod_uid});
    if (by_account_.size() <= record.account) by_account_.resize(record.account + 1);
    by_account_[record.account] = &record;
    listed_.push_back(&record);
  }
  record.cgroup_id = cgroup_id;
  Touch(record);
  return record;
}

void ContainerTable::Leave(ContainerRecord& container) {
  --container.members;
  Touch(container);
}

void ContainerTable::Touch(ContainerRecord& container) {
  if (container.touched) return;
  container.touched = true;
  touched_.push_back(&container);
}

void ContainerTable::Settle(Nanoseconds now) {
  const auto is_settled = [&](ContainerRecord* record) {
    const bool populated = record->members == 0 && resolver_.IsPopulated(record->cgroup_id);
    SetEnded(*record, record->members == 0 && !populated, now);
    // The end of a process that was never seen may pass unseen as well: its container is asked again next time.
    record->touched = populated;
    return !populated;
  };
  std::erase_if(touched_, is_settled);
  DropEnded(now);
}

void ContainerTable::SetEnded(ContainerRecord& container, bool ended, Nanoseconds now) {
  if (ended == container.ended) return;
  container.ended = ended;
  if (ended) {
    ended_.Add(container.account, now);
  } else {
    ended_.Remove(container.account);
  }
}

void ContainerTable::DropEnded(Nanoseconds now) {
  const std::vector<AccountId> dropped = ended_.Settle(
      now, [&](AccountId account) { return EndedList::Standing{ledger_.BalanceOf(account, primary_).total}; });
  if (dropped.empty()) return;
  for (const AccountId account : dropped) ledger_.Close(account);
  const auto is_dropped = [&](const ContainerRecord* record) { return by_account_[record->account] == nullptr; };
  std::vector<std::string> ids;
  for (const AccountId account : dropped) {
    ids.push_back(by_account_[account]->labels->id);
    by_account_[account] = nullptr;
  }
  std::erase_if(listed_, is_dropped);
  for (const std::string& id : ids) records_.erase(id);
}

}  // namespace brahe
