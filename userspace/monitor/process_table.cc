#include "userspace/monitor/process_table.h"

#include <algorithm>
#include <utility>

namespace brahe {
namespace {

// The last name that is known; empty: none.
const std::string& CommOf(const ProcessRecord& process) {
  static const std::string unknown;
  if (process.new_comm != nullptr) return *process.new_comm;
  return process.labels != nullptr ? process.labels->comm : unknown;
}

}  // namespace

ProcessTable::ProcessTable(Ledger& ledger, ContainerTable& containers, VmTable& vms, WorkloadResolver& resolver,
                           EndedPolicy policy)
    : ledger_(ledger),
      containers_(containers),
      vms_(vms),
      resolver_(resolver),
      ended_(policy),
      closed_energy_(ledger.series()) {}

void ProcessTable::Learn(const ProcessName& name) {
  auto it = records_.find(name.process);
  if (it == records_.end()) {
    if (gone_.Contains(name.process)) return;
    it = records_.try_emplace(name.process).first;
    it->second.key = name.process;
  }
  ProcessRecord& process = it->second;
  const bool new_comm = !name.comm.empty() && name.comm != CommOf(process);
  // The source repeats the path of the last exec; a change is a new exec.
  const bool new_exec = !name.exec_path.empty() && name.exec_path != process.exec_path.str();
  if (new_comm) process.new_comm = std::make_unique<const std::string>(name.comm);
  if (new_exec) process.exec_path = texts_.Share(name.exec_path);
  // A source that does not see exec tells of a new name at best. No reason to doubt a virtual machine: when it ends, it
  // has no command line any more.
  const bool maybe_exec = new_comm && name.exec_path.empty() && process.vm == nullptr;
  if (new_exec || maybe_exec) process.has_new_facts = true;
  if (new_comm || new_exec) NeedLabels(process);
}

ProcessRecord& ProcessTable::Use(const ProcessKey& key) {
  const auto [it, added] = records_.try_emplace(key);
  ProcessRecord& process = it->second;
  if (process.account != kNoAccount) return process;
  process.key = key;
  OpenAccount(process);
  if (added && gone_.Contains(key)) {
    process.ended = true;
    late_.push_back(&process);
  } else {
    to_label_.push_back(&process);
  }
  return process;
}

void ProcessTable::OpenAccount(ProcessRecord& process) {
  process.account = ledger_.Open();
  if (by_account_.size() <= process.account) by_account_.resize(process.account + 1);
  by_account_[process.account] = &process;
}

void ProcessTable::NeedLabels(ProcessRecord& process) {
  if (process.has_new_labels) return;
  process.has_new_labels = true;
  to_label_.push_back(&process);
}

void ProcessTable::Enter(ProcessRecord& process, ContainerRecord& container) {
  // Of two containers in one epoch the latest is the one that it was not in before.
  if (process.ended || process.moved || process.container == &container) return;
  if (process.previous == &container) {
    std::swap(process.container, process.previous);
  } else {
    if (process.previous != nullptr) containers_.Leave(*process.previous);
    process.previous = process.container;
    process.container = &container;
    containers_.Join(container);
  }
  process.moved = true;
  moved_.push_back(&process);
  NeedLabels(process);
}

void ProcessTable::End(const ProcessKey& key, Nanoseconds now) {
  const auto it = records_.find(key);
  if (it == records_.end() || it->second.account == kNoAccount) {
    if (it != records_.end()) records_.erase(it);
    gone_.Add(key);
    return;
  }
  ProcessRecord& process = it->second;
  if (process.ended) return;
  process.ended = true;
  listing_.TouchFace(process);
  for (ContainerRecord* container : {process.container, process.previous}) {
    if (container != nullptr) containers_.Leave(*container);
  }
  if (process.vm != nullptr) vms_.Leave(vms_.Use(*process.vm));
  ended_now_.push_back(&process);
  ended_.Add(process.account, now);
}

void ProcessTable::LabelLiving() {
  for (ProcessRecord* process : to_label_) {
    if (!process->ended) Label(*process);
  }
}

void ProcessTable::Settle(Nanoseconds now, size_t primary) {
  for (ProcessRecord* process : late_) Drop(*process);
  for (ProcessRecord* process : ended_now_) MergeTwin(*process);
  DropEnded(now, primary);
  for (ProcessRecord* process : to_label_) {
    if (process->account == kNoAccount) continue;
    if (process->has_new_labels) Label(*process);
    if (process->page == nullptr) listing_.Add(*process);
    FindTwin(*process);
  }
  for (ProcessRecord* process : ended_now_) {
    if (process->account == kNoAccount) continue;
    FindTwin(*process);
    MergeTwin(*process);
    ended_by_pid_.emplace(process->key.pid, process);
  }
  for (ProcessRecord* process : moved_) process->moved = false;
  // Containers outlive their live members only.
  for (ProcessRecord* process : ended_now_) process->container = process->previous = nullptr;
  for (auto* list : {&late_, &to_label_, &moved_, &ended_now_}) list->clear();
  EraseDropped();
  gone_.EndEpoch();
}

void ProcessTable::DropEnded(Nanoseconds now, size_t primary) {
  const std::vector<AccountId> dropped = ended_.Settle(now, [&](AccountId account) {
    return EndedList::Standing{ledger_.BalanceOf(account, primary).total, by_account_[account]->held};
  });
  for (const AccountId account : dropped) {
    ForgetEnded(*by_account_[account]);
    Drop(*by_account_[account]);
  }
}

void ProcessTable::ForgetEnded(const ProcessRecord& process) {
  const auto [first, last] = ended_by_pid_.equal_range(process.key.pid);
  const auto at = std::find_if(first, last, [&](const auto& entry) { return entry.second == &process; });
  if (at != last) ended_by_pid_.erase(at);
}

void ProcessTable::FindTwin(ProcessRecord& process) {
  if (process.twin != nullptr) process.twin->held = false;
  process.twin = nullptr;
  const auto [first, last] = ended_by_pid_.equal_range(process.key.pid);
  for (auto at = first; at != last; ++at) {
    ProcessRecord* const ended = at->second;
    if (ended == &process || *ended->labels != *process.labels) continue;
    process.twin = ended;
    ended->held = true;
  }
}

void ProcessTable::MergeTwin(ProcessRecord& process) {
  ProcessRecord* const twin = std::exchange(process.twin, nullptr);
  if (twin == nullptr) return;
  ended_.Remove(twin->account);
  ForgetEnded(*twin);
  ledger_.Merge(twin->account, process.account);
  twin->account = kNoAccount;
  dropped_.push_back(twin);
}

void ProcessTable::Drop(ProcessRecord& process) {
  for (size_t s = 0; s < closed_energy_.size(); ++s) closed_energy_[s] += ledger_.BalanceOf(process.account, s).total;
  ledger_.Close(process.account);
  process.account = kNoAccount;
  dropped_.push_back(&process);
}

void ProcessTable::Label(ProcessRecord& process) {
  ProcessLabels labels;
  if (process.labels != nullptr) labels = *process.labels;
  labels.pid = process.key.pid;
  labels.comm = CommOf(process);
  process.new_comm.reset();
  if (process.has_new_facts) {
    const ProcessFacts facts = resolver_.FactsOf(process.key, labels.comm, process.exec_path, !process.ended);
    if (!facts.comm.empty()) labels.comm = facts.comm;
    if (!facts.exe.empty()) labels.exe = texts_.Share(facts.exe);
    if (!process.ended) SetVm(process, facts.vm);
  }
  if (process.container != nullptr) labels.container_id = texts_.Share(process.container->labels->id);
  labels.vm_id = process.vm != nullptr ? texts_.Share(process.vm->id) : SharedText();
  labels.type = !labels.vm_id.empty() ? "vm" : !labels.container_id.empty() ? "container" : "regular";

  process.has_new_labels = process.has_new_facts = false;
  if (process.labels == nullptr || *process.labels != labels) {
    process.labels = std::make_shared<const ProcessLabels>(std::move(labels));
    listing_.TouchFace(process);
  }
}

void ProcessTable::SetVm(ProcessRecord& process, const std::optional<VirtualMachine>& vm) {
  if (process.vm != nullptr) vms_.Leave(vms_.Use(*process.vm));
  process.vm = nullptr;
  if (!vm) return;
  VmRecord& record = vms_.UseAnew(*vm);
  vms_.Join(record);
  process.vm = record.labels;
}

void ProcessTable::EraseDropped() {
  for (ProcessRecord* process : dropped_) {
    // Most that end are dropped before they are ever listed.
    if (process->page != nullptr) listing_.Remove(*process);
    gone_.Add(process->key);
    records_.erase(process->key);
  }
  dropped_.clear();
}

}  // namespace brahe
