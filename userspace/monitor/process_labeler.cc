#include "userspace/monitor/process_labeler.h"

#include <memory>
#include <utility>

namespace brahe::monitor {
namespace {

// In so many epochs at most facts are asked for that cannot be read.
constexpr uint8_t kMaxTries = 3;

// The last name that is known; empty: none.
const std::string& CommOf(const ProcessRecord& process) {
  static const std::string unknown;
  if (process.new_comm != nullptr) return *process.new_comm;
  return process.labels != nullptr ? process.labels->comm : unknown;
}

}  // namespace

void ProcessLabeler::Learn(const cpu::ProcessName& name, ProcessRecord& process) {
  const bool new_comm = !name.comm.empty() && name.comm != CommOf(process);
  // The source repeats the path of the last exec; a change is a new exec.
  const bool new_exec = !name.exec_path.empty() && name.exec_path != process.exec_path.str();
  if (new_comm) process.new_comm = std::make_unique<const std::string>(name.comm);
  if (new_exec) process.exec_path = texts_.Share(name.exec_path);
  const bool new_uid = name.uid && *name.uid != process.uid;
  if (new_uid) process.uid = *name.uid;
  if (new_exec || new_uid) process.groups = {};
  // A source that does not see exec tells of a new name at best. No reason to doubt a virtual machine: when it ends, it
  // has no command line any more.
  const bool maybe_exec = new_comm && name.exec_path.empty() && process.vm == nullptr;
  if (new_exec || maybe_exec) {
    process.has_new_facts = true;
    process.facts_tries = 0;
  }
  if (new_comm || new_exec) Need(process);
}

void ProcessLabeler::Need(ProcessRecord& process) {
  if (process.has_new_labels) return;
  process.has_new_labels = true;
  waiting_.push_back(&process);
}

void ProcessLabeler::EndEpoch() {
  waiting_ = std::exchange(retried_, {});
  for (ProcessRecord* process : waiting_) process->has_new_labels = process->has_new_facts = true;
}

void ProcessLabeler::LabelLiving(Listing<ProcessRecord>& listing) {
  for (ProcessRecord* process : waiting_) {
    if (!process->ended) Label(*process, listing);
  }
}

void ProcessLabeler::Label(ProcessRecord& process, Listing<ProcessRecord>& listing) {
  ProcessLabels labels;
  if (process.labels != nullptr) labels = *process.labels;
  labels.pid = process.key.pid;
  labels.comm = CommOf(process);
  process.new_comm.reset();
  if (process.has_new_facts) {
    const workload::ProcessFacts facts = resolver_.FactsOf(process.key, labels.comm, process.exec_path, !process.ended);
    if (!facts.comm.empty()) labels.comm = facts.comm;
    if (!facts.exe.empty()) labels.exe = texts_.Share(facts.exe);
    if (facts.uid) process.uid = *facts.uid;
    process.groups = {};
    if (!process.ended) SetVm(process, facts.vm);
    if (!process.ended && !facts.complete && ++process.facts_tries < kMaxTries) retried_.push_back(&process);
  }
  if (process.container != nullptr) labels.container_id = texts_.Share(process.container->labels->id);
  labels.vm_id = process.vm != nullptr ? texts_.Share(process.vm->id) : SharedText();
  labels.type = TypeOf(labels);

  process.has_new_labels = process.has_new_facts = false;
  if (process.labels == nullptr || *process.labels != labels) {
    process.labels = std::make_shared<const ProcessLabels>(std::move(labels));
    listing.TouchLabels(process);
  }
}

void ProcessLabeler::SetVm(ProcessRecord& process, const std::optional<workload::VirtualMachine>& vm) {
  if (process.vm != nullptr) vms_.Leave(vms_.Use(*process.vm));
  process.vm = nullptr;
  if (!vm) return;
  VmRecord& record = vms_.UseAnew(*vm);
  vms_.Join(record);
  process.vm = record.labels;
}

void ProcessLabeler::Resume(ProcessRecord& process) {
  const SharedText& id = process.labels->vm_id;
  VmRecord* const vm = id.empty() ? nullptr : vms_.WithId(id);
  if (vm == nullptr) return;
  vms_.Join(*vm);
  process.vm = vm->labels;
}

void ProcessLabeler::End(const ProcessRecord& process) {
  if (process.vm != nullptr) vms_.Leave(vms_.Use(*process.vm));
}

}  // namespace brahe::monitor
