#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "userspace/attribution/ledger.h"
#include "userspace/monitor/ended_list.h"
#include "userspace/monitor/snapshot.h"
#include "userspace/monitor/workload_resolver.h"

namespace brahe {

// A container that has used CPU time.
struct ContainerRecord {
  AccountId account = kNoAccount;
  std::shared_ptr<const ContainerLabels> labels;
  uint64_t cgroup_id = 0;  // the one of its cgroups that was used last
  uint32_t members = 0;    // live processes that were seen in it
  bool ended = false;
  bool touched = false;  // to be asked at the end of this epoch whether it still runs
};

// The containers that are listed, each with its account in the ledger.
//
// A container runs while a process that was seen in it lives, or any other process does: one that has slept since
// before the first epoch is known to its cgroup only. It may run again after its end, with the same account as long as
// it is listed. Not thread-safe.
class ContainerTable {
 public:
  // `primary` is the series that ended containers are ranked by. The references must outlive this object.
  ContainerTable(Ledger& ledger, WorkloadResolver& resolver, EndedPolicy policy, size_t primary);

  // The record of a container that used time in this epoch in `cgroup_id`; new ones get an account.
  ContainerRecord& Use(const Container& container, uint64_t cgroup_id);
  // A live process was seen in it for the first time, or ended or moved on.
  void Join(ContainerRecord& container) { ++container.members; }
  void Leave(ContainerRecord& container);
  // After the ledger's Post: decides who has ended at `now` and who is listed.
  void Settle(Nanoseconds now);

  // Oldest first.
  [[nodiscard]] const std::vector<const ContainerRecord*>& listed() const { return listed_; }

 private:
  void Touch(ContainerRecord& container);
  void SetEnded(ContainerRecord& container, bool ended, Nanoseconds now);
  void DropEnded(Nanoseconds now);

  Ledger& ledger_;
  WorkloadResolver& resolver_;
  size_t primary_;
  EndedList ended_;
  std::unordered_map<std::string, ContainerRecord> records_;  // by container id
  std::vector<const ContainerRecord*> by_account_;
  std::vector<const ContainerRecord*> listed_;
  std::vector<ContainerRecord*> touched_;
};

}  // namespace brahe
