#include "userspace/monitor/ended_processes.h"

#include <algorithm>
#include <utility>

namespace brahe::monitor {

void EndedProcesses::Add(ProcessRecord& process, Nanoseconds now) {
  if (by_account_.size() <= process.account) by_account_.resize(process.account + 1);
  by_account_[process.account] = &process;
  ended_.Add(process.account, now);
}

void EndedProcesses::FindTwin(ProcessRecord& process) {
  if (process.twin != nullptr) process.twin->held = false;
  process.twin = nullptr;
  const auto [first, last] = by_pid_.equal_range(process.key.pid);
  for (auto at = first; at != last; ++at) {
    ProcessRecord* const ended = at->second;
    if (ended == &process || *ended->labels != *process.labels) continue;
    process.twin = ended;
    ended->held = true;
  }
}

ProcessRecord* EndedProcesses::MergeTwin(ProcessRecord& process) {
  ProcessRecord* const twin = std::exchange(process.twin, nullptr);
  if (twin == nullptr) return nullptr;
  ended_.Remove(twin->account);
  RemoveByPid(*twin);
  ledger_.Merge(twin->account, process.account);
  twin->account = attribution::kNoAccount;
  return twin;
}

std::vector<ProcessRecord*> EndedProcesses::TakeUnlisted(Nanoseconds now, size_t primary) {
  const std::vector<attribution::AccountId> accounts = ended_.Settle(now, [&](attribution::AccountId account) {
    return EndedList::Standing{ledger_.BalanceOf(account, primary).total, by_account_[account]->held};
  });
  std::vector<ProcessRecord*> unlisted;
  unlisted.reserve(accounts.size());
  for (const attribution::AccountId account : accounts) {
    unlisted.push_back(by_account_[account]);
    RemoveByPid(*by_account_[account]);
  }
  return unlisted;
}

void EndedProcesses::RemoveByPid(const ProcessRecord& process) {
  const auto [first, last] = by_pid_.equal_range(process.key.pid);
  const auto at = std::find_if(first, last, [&](const auto& entry) { return entry.second == &process; });
  if (at != last) by_pid_.erase(at);
}

}  // namespace brahe::monitor
