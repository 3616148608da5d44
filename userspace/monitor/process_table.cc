#include "userspace/monitor/process_table.h"

#include <utility>

namespace brahe::monitor {

ProcessTable::ProcessTable(attribution::Ledger& ledger, ContainerTable& containers, VmTable& vms,
                           WorkloadResolver& resolver, EndedPolicy policy)
    : ledger_(ledger),
      labeler_(vms, resolver),
      members_(containers),
      ended_(ledger, policy),
      closed_energy_(ledger.series()) {}

void ProcessTable::Learn(const cpu::ProcessName& name) {
  auto it = records_.find(name.process);
  if (it == records_.end()) {
    if (gone_.Contains(name.process)) return;
    it = records_.try_emplace(name.process).first;
    it->second.key = name.process;
  }
  labeler_.Learn(name, it->second);
}

ProcessRecord& ProcessTable::Use(const ProcessKey& key) {
  const auto [it, added] = records_.try_emplace(key);
  ProcessRecord& process = it->second;
  if (process.account != attribution::kNoAccount) return process;
  process.key = key;
  process.account = ledger_.Open();
  if (added && gone_.Contains(key)) {
    process.ended = true;
    late_.push_back(&process);
  } else {
    labeler_.NeedFirst(process);
  }
  return process;
}

void ProcessTable::End(const ProcessKey& key, Nanoseconds now) {
  const auto it = records_.find(key);
  if (it == records_.end() || it->second.account == attribution::kNoAccount) {
    if (it != records_.end()) records_.erase(it);
    gone_.Add(key);
    return;
  }
  ProcessRecord& process = it->second;
  if (process.ended) return;
  process.ended = true;
  listing_.TouchFace(process);
  members_.Leave(process);
  labeler_.End(process);
  ended_now_.push_back(&process);
  ended_.Add(process, now);
}

void ProcessTable::RelabelMembers() {
  for (auto& [key, process] : records_) {
    if (process.container != nullptr && process.account != attribution::kNoAccount) labeler_.Need(process);
  }
}

void ProcessTable::Settle(Nanoseconds now, size_t primary) {
  for (ProcessRecord* process : late_) Drop(*process);
  for (ProcessRecord* process : ended_now_) MergeTwin(*process);
  for (ProcessRecord* process : ended_.TakeUnlisted(now, primary)) Drop(*process);
  ListLabeled();
  for (ProcessRecord* process : ended_now_) {
    if (process->account == attribution::kNoAccount) continue;
    ended_.FindTwin(*process);
    MergeTwin(*process);
    ended_.AddByPid(*process);
  }
  late_.clear();
  ended_now_.clear();
  labeler_.EndEpoch();
  members_.EndEpoch();
  EraseDropped();
  gone_.EndEpoch();
}

bool ProcessTable::Resume(const ProcessState& state, Nanoseconds now) {
  const ProcessKey key = {state.labels->pid, state.start_ns};
  const auto [it, added] = records_.try_emplace(key);
  if (!added) return false;
  ProcessRecord& process = it->second;
  process.key = key;
  process.account = ledger_.Open();
  ledger_.Resume(process.account, state.account.time, state.account.energy);
  process.labels = state.labels;
  process.has_new_labels = process.has_new_facts = false;
  listing_.Resume(process, state.since, state.serial);
  process.ended = state.ended;
  if (process.ended) {
    ended_.Add(process, now);
    ended_.AddByPid(process);
  } else {
    members_.Resume(process);
    labeler_.Resume(process);
  }
  return true;
}

void ProcessTable::EndResume(std::vector<Microjoules> closed_energy) {
  closed_energy_ = std::move(closed_energy);
  listing_.ForEach([this](ProcessRecord& process) {
    if (!process.ended) ended_.FindTwin(process);
  });
}

void ProcessTable::ListLabeled() {
  for (ProcessRecord* process : labeler_.waiting()) {
    if (process->account == attribution::kNoAccount) continue;
    if (process->has_new_labels) labeler_.Label(*process, listing_);
    if (process->entry.page == nullptr) listing_.Add(*process, epoch_begin_);
    ended_.FindTwin(*process);
  }
}

void ProcessTable::MergeTwin(ProcessRecord& process) {
  if (ProcessRecord* const twin = ended_.MergeTwin(process)) dropped_.push_back(twin);
}

void ProcessTable::Drop(ProcessRecord& process) {
  for (size_t s = 0; s < closed_energy_.size(); ++s) closed_energy_[s] += ledger_.BalanceOf(process.account, s).total;
  ledger_.Close(process.account);
  process.account = attribution::kNoAccount;
  dropped_.push_back(&process);
}

void ProcessTable::EraseDropped() {
  for (ProcessRecord* process : dropped_) {
    // Most that end are dropped before they are ever listed.
    if (process->entry.page != nullptr) listing_.Remove(*process);
    gone_.Add(process->key);
    records_.erase(process->key);
  }
  dropped_.clear();
}

}  // namespace brahe::monitor
