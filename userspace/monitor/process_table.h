#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "userspace/attribution/ledger.h"
#include "userspace/cpu/cpu_time_source.h"
#include "userspace/monitor/container_table.h"
#include "userspace/monitor/ended_list.h"
#include "userspace/monitor/listing.h"
#include "userspace/monitor/recent_keys.h"
#include "userspace/monitor/shared_text.h"
#include "userspace/monitor/snapshot.h"
#include "userspace/monitor/vm_table.h"
#include "userspace/monitor/workload_resolver.h"

namespace brahe {

// A process that was named or has used CPU time.
struct ProcessRecord {
  using Labels = ProcessLabels;

  ProcessKey key;
  AccountId account = kNoAccount;  // none before it uses time
  bool held = false;               // is the twin of one that is running
  bool moved = false;              // between containers, in this epoch
  bool has_new_labels = true;      // stands in the table's list of those to label, or will when it uses time
  bool has_new_facts = true;       // is new, or may have called exec
  bool ended = false;
  std::shared_ptr<const ProcessLabels> labels;  // null before it is listed
  std::shared_ptr<const VmLabels> vm;           // the virtual machine that it runs, or ran to its end; null: none
  std::unique_ptr<const std::string> new_comm;  // not in its labels yet; null: those have the last one that is known
  SharedText exec_path;                         // the last one that is known
  ContainerRecord* container = nullptr;         // the latest that it ran in; null after its end
  // The one before that. It still counts as a member there: threads in two containers do not make them end in turns.
  ContainerRecord* previous = nullptr;
  // An ended one that has the same labels: this pid was its pid, and its name, program and container are the same.
  ProcessRecord* twin = nullptr;
  ListingPage<ProcessRecord>* page = nullptr;  // null while it is not listed
};

// The processes that are listed, each with its account in the ledger, and the names of those that have not used time
// yet. A process is known by its key, so one that has its pid again is another.
//
// What an ended process used stays listed as EndedPolicy says; then its account is closed and its energy counts as
// unlisted for ever. Its late time (a leaf that comes after the end was told) is added to its account, or to unlisted.
//
// A process may have all the labels of one that ended before it. The older one then stays listed while the younger one
// runs, and is merged into it when that ends, so that no series that both are part of goes down.
// Not thread-safe.
class ProcessTable {
 public:
  // The references must outlive this object.
  ProcessTable(Ledger& ledger, ContainerTable& containers, VmTable& vms, WorkloadResolver& resolver,
               EndedPolicy policy);

  void Learn(const ProcessName& name);
  // The record of a process that used time in this epoch; new ones get an account. Valid until Settle.
  ProcessRecord& Use(const ProcessKey& key);
  // Tells that it used time in `container` in this epoch.
  void Enter(ProcessRecord& process, ContainerRecord& container);
  // The account that a leaf of this epoch goes to.
  AccountId Charge(ProcessRecord& process) {
    listing_.TouchFigures(process);
    return process.account;
  }
  void End(const ProcessKey& key, Nanoseconds now);
  // After the epoch's uses and ends, and before the ledger's Post: labels those that live and finds the virtual
  // machines that they run, so that these pay for this epoch already.
  void LabelLiving();
  // After the ledger's Post: decides who is listed at `now` and labels the rest of them. `primary` is the series that
  // ended processes are ranked by.
  void Settle(Nanoseconds now, size_t primary);

  // After Settle: see Listing.
  [[nodiscard]] WorkloadList<ProcessLabels> List(const std::vector<std::optional<Nanoseconds>>& time) {
    return listing_.List(ledger_, time);
  }
  // Energy of all processes whose account was closed, by series.
  [[nodiscard]] const std::vector<Microjoules>& closed_energy() const { return closed_energy_; }

 private:
  void OpenAccount(ProcessRecord& process);
  void NeedLabels(ProcessRecord& process);
  void Drop(ProcessRecord& process);
  void DropEnded(Nanoseconds now, size_t primary);
  void FindTwin(ProcessRecord& process);
  void MergeTwin(ProcessRecord& process);
  void ForgetEnded(const ProcessRecord& process);
  void Label(ProcessRecord& process);
  void SetVm(ProcessRecord& process, const std::optional<VirtualMachine>& vm);
  void EraseDropped();

  Ledger& ledger_;
  ContainerTable& containers_;
  VmTable& vms_;
  WorkloadResolver& resolver_;
  EndedList ended_;
  std::unordered_map<ProcessKey, ProcessRecord> records_;
  std::unordered_multimap<uint32_t, ProcessRecord*> ended_by_pid_;  // those that are listed
  RecentKeys gone_;                                                 // ended and erased
  std::vector<ProcessRecord*> by_account_;
  Listing<ProcessRecord> listing_;
  TextPool texts_;  // of labels and paths
  std::vector<Microjoules> closed_energy_;

  // Of this epoch.
  std::vector<ProcessRecord*> to_label_;
  std::vector<ProcessRecord*> moved_;
  std::vector<ProcessRecord*> ended_now_;
  std::vector<ProcessRecord*> late_;  // erased before, and come back with late time
  std::vector<ProcessRecord*> dropped_;
};

}  // namespace brahe
