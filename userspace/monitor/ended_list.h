#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "userspace/attribution/ledger.h"
#include "userspace/base/units.h"

namespace brahe::monitor {

// Which ended workloads stay listed.
struct EndedPolicy {
  int64_t max_listed = 0;  // negative: no limit
  Microjoules min_energy;  // with less than this, a workload is not listed after its end
  Nanoseconds retention;   // how long after its end it is listed
};

// The workloads of one kind (processes, containers) that have ended and are still listed. Time and energy decide who
// stays, never who has looked at the list. A value without clock or locks.
class EndedList {
 public:
  // What decides on one of the list.
  struct Standing {
    Microjoules energy;
    bool held = false;  // stays whatever the policy says
  };
  using StandingOf = std::function<Standing(attribution::AccountId)>;

  explicit EndedList(EndedPolicy policy) : policy_(policy) {}

  void Add(attribution::AccountId account, Nanoseconds ended_at) { items_.push_back({account, ended_at, {}}); }
  // Takes back an end: the workload lives again.
  void Remove(attribution::AccountId account);
  // Drops, for good, those whose time is over, that have too little energy, or that are not among the `max_listed` with
  // the most; of equals the one that ended last stays. Returns the dropped ones.
  std::vector<attribution::AccountId> Settle(Nanoseconds now, const StandingOf& standing_of);

  [[nodiscard]] size_t size() const { return items_.size(); }

 private:
  struct Item {
    attribution::AccountId account;
    Nanoseconds ended_at;
    Standing standing;
  };
  void DropFrom(size_t first, std::vector<attribution::AccountId>& dropped);

  EndedPolicy policy_;
  std::vector<Item> items_;
};

}  // namespace brahe::monitor
