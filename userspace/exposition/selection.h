#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "userspace/exposition/list_selection.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::exposition {

// By level: how many of its workloads have series of their own. A level that is not in it has no bound.
using LevelBounds = std::map<std::string, uint64_t, std::less<>>;

// A ListSelection for each level of a snapshot. Not thread-safe: whoever owns it gives it each snapshot in turn.
class Selection {
 public:
  // The snapshot as it is to be shown; the same one where all fit. Snapshots come in the order of their
  // epochs; some may be missed, and one may come again, with other bounds too.
  std::shared_ptr<const monitor::Snapshot> Of(const std::shared_ptr<const monitor::Snapshot>& snapshot,
                                              const LevelBounds& bounds);

 private:
  [[nodiscard]] bool ShowsAll(const monitor::Snapshot& snapshot, const LevelBounds& bounds) const;

  ListSelection<monitor::ProcessLabels> processes_;
  ListSelection<monitor::ContainerLabels> containers_;
  ListSelection<monitor::VmLabels> vms_;
  ListSelection<monitor::PodLabels> pods_;
  std::map<std::string, ListSelection<monitor::GroupLabels>, std::less<>> groups_;
};

}  // namespace brahe::exposition
