#pragma once

#include <optional>
#include <string>
#include <vector>

#include "userspace/cpu/cpu_time_source.h"
#include "userspace/monitor/process_record.h"
#include "userspace/monitor/shared_text.h"
#include "userspace/monitor/vm_table.h"
#include "userspace/monitor/workload_resolver.h"

namespace brahe::monitor {

// Who the processes are: from what the source tells of them, what the resolver finds and the container that they run
// in, to the labels that they are listed with. Not thread-safe.
class ProcessLabeler {
 public:
  // The references must outlive this object.
  ProcessLabeler(VmTable& vms, WorkloadResolver& resolver) : vms_(vms), resolver_(resolver) {}

  // Takes note of a name, and asks for labels if it is a new one.
  void Learn(const cpu::ProcessName& name, ProcessRecord& process);
  // Asks for labels of one that has used time for the first time, or whose container has changed.
  void Need(ProcessRecord& process);
  void NeedFirst(ProcessRecord& process) { waiting_.push_back(&process); }
  // Those that wait for labels in this epoch, each once.
  [[nodiscard]] const std::vector<ProcessRecord*>& waiting() const { return waiting_; }
  // Labels the waiting ones that live, and finds the virtual machines that they run.
  void LabelLiving(Listing<ProcessRecord>& listing);
  void Label(ProcessRecord& process, Listing<ProcessRecord>& listing);
  // Makes a process of earlier books one of the virtual machine that its labels name.
  void Resume(ProcessRecord& process);
  // It runs its virtual machine no more, and is listed with it all the same.
  void End(const ProcessRecord& process);
  // No record that was waiting and lived may go before this; those of which not all could be read wait again.
  void EndEpoch();

 private:
  void SetVm(ProcessRecord& process, const std::optional<workload::VirtualMachine>& vm);

  VmTable& vms_;
  WorkloadResolver& resolver_;
  TextPool texts_;  // of labels and paths
  std::vector<ProcessRecord*> waiting_;
  std::vector<ProcessRecord*> retried_;  // in the next epoch
};

}  // namespace brahe::monitor
