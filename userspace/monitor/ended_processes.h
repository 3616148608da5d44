#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "userspace/attribution/ledger.h"
#include "userspace/base/units.h"
#include "userspace/monitor/ended_list.h"
#include "userspace/monitor/process_record.h"

namespace brahe::monitor {

// The processes that have ended and are still listed.
//
// A process may have all the labels of one that ended before it, its twin. The older one then stays listed while the
// younger one runs, and is merged into it when that ends, so that no series that both are part of goes down.
// Not thread-safe.
class EndedProcesses {
 public:
  // `ledger` must outlive this object.
  EndedProcesses(attribution::Ledger& ledger, EndedPolicy policy) : ledger_(ledger), ended_(policy) {}

  // One with an account has ended.
  void Add(ProcessRecord& process, Nanoseconds now);
  // It has its last labels: others may be its twin from now on.
  void AddByPid(ProcessRecord& process) { by_pid_.emplace(process.key.pid, &process); }
  // Holds the one that has the same labels as `process`, in place of the one that was held for it before.
  void FindTwin(ProcessRecord& process);
  // Merges the twin of one that has ended into it, and returns the twin, which has no account then; null: has none.
  ProcessRecord* MergeTwin(ProcessRecord& process);
  // Those that the policy lists no more at `now`; their accounts are still open. `primary` is the series that they are
  // ranked by.
  std::vector<ProcessRecord*> TakeUnlisted(Nanoseconds now, size_t primary);

 private:
  void RemoveByPid(const ProcessRecord& process);

  attribution::Ledger& ledger_;
  EndedList ended_;
  std::vector<ProcessRecord*> by_account_;  // of those in ended_
  std::unordered_multimap<uint32_t, ProcessRecord*> by_pid_;
};

}  // namespace brahe::monitor
