#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "userspace/attribution/ledger.h"
#include "userspace/cpu/cpu_time_source.h"
#include "userspace/monitor/books_state.h"
#include "userspace/monitor/container_members.h"
#include "userspace/monitor/container_table.h"
#include "userspace/monitor/ended_processes.h"
#include "userspace/monitor/listing.h"
#include "userspace/monitor/process_labeler.h"
#include "userspace/monitor/process_record.h"
#include "userspace/monitor/recent_keys.h"
#include "userspace/monitor/snapshot.h"
#include "userspace/monitor/vm_table.h"
#include "userspace/monitor/workload_resolver.h"

namespace brahe::monitor {

// The processes that are listed, each with its account in the ledger, and the names of those that have not used time
// yet. A process is known by its key, so one that has its pid again is another. Who it is, which containers it is a
// member of, and which of the ended ones stay listed are decided by its three parts; this is who calls them, and when.
//
// What an ended process used stays listed as EndedPolicy says; then its account is closed and its energy counts as
// unlisted for ever. Its late time (a leaf that comes after the end was told) is added to its account, or to unlisted.
// Not thread-safe.
class ProcessTable {
 public:
  // The references must outlive this object.
  ProcessTable(attribution::Ledger& ledger, ContainerTable& containers, VmTable& vms, WorkloadResolver& resolver,
               EndedPolicy policy);

  // Begins an epoch: what comes to be in it counts from `begin` on.
  void BeginEpoch(Nanoseconds begin) { epoch_begin_ = begin; }
  void Learn(const cpu::ProcessName& name);
  // The record of a process that used time in this epoch; new ones get an account. Valid until Settle.
  ProcessRecord& Use(const ProcessKey& key);
  // Tells that it used time in `container` in this epoch.
  void Enter(ProcessRecord& process, ContainerRecord& container) {
    if (!members_.Enter(process, container)) return;
    labeler_.Need(process);
    process.groups = {};  // it may be in another job, in the same cgroup
  }
  // The account that a leaf of this epoch goes to.
  attribution::AccountId Charge(ProcessRecord& process) {
    listing_.TouchFigures(process);
    return process.account;
  }
  void End(const ProcessKey& key, Nanoseconds now);
  // Tells that ids of containers changed: labels name the new ones.
  void RelabelMembers();
  // After the epoch's uses and ends, and before the ledger's Post: labels those that live and finds the virtual
  // machines that they run, so that these pay for this epoch already.
  void LabelLiving() { labeler_.LabelLiving(listing_); }
  // After the ledger's Post: decides who is listed at `now` and labels the rest of them. `primary` is the series that
  // ended processes are ranked by.
  void Settle(Nanoseconds now, size_t primary);

  // Puts back a process of earlier books, after its container and its virtual machine. These books ended at `now`.
  // False if there is one of that key.
  bool Resume(const ProcessState& state, Nanoseconds now);
  // After all processes have been put back. `closed_energy`: see there.
  void EndResume(std::vector<Microjoules> closed_energy);

  // After Settle: see Listing.
  [[nodiscard]] WorkloadList<ProcessLabels> List(const std::vector<std::optional<Nanoseconds>>& time) {
    return listing_.List(ledger_, time);
  }
  // Energy of all processes whose account was closed, by series.
  [[nodiscard]] const std::vector<Microjoules>& closed_energy() const { return closed_energy_; }

 private:
  void ListLabeled();
  void MergeTwin(ProcessRecord& process);
  void Drop(ProcessRecord& process);
  void EraseDropped();

  attribution::Ledger& ledger_;
  Nanoseconds epoch_begin_;
  ProcessLabeler labeler_;
  ContainerMembers members_;
  EndedProcesses ended_;
  std::unordered_map<ProcessKey, ProcessRecord> records_;
  RecentKeys gone_;  // ended and erased
  Listing<ProcessRecord> listing_;
  std::vector<Microjoules> closed_energy_;

  // Of this epoch.
  std::vector<ProcessRecord*> ended_now_;
  std::vector<ProcessRecord*> late_;  // erased before, and come back with late time
  std::vector<ProcessRecord*> dropped_;
};

}  // namespace brahe::monitor
