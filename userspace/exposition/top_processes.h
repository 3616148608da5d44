#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "userspace/monitor/snapshot.h"

namespace brahe::exposition {

// Which processes have series of their own where their number is bounded: in each zone the `top` with the most energy,
// of equals the first in the list. What the others have is told in one sum a zone. Each zone has its own ranking,
// because only so no sum can go down: the sum of all but the largest of values that never go down never goes down
// itself, but that of all but the largest by some other zone's values might. Immutable: any thread.
class TopProcesses {
 public:
  // `top` 0: all have series. `zones` is the number of ZoneSeries.
  TopProcesses(const monitor::WorkloadList<monitor::ProcessLabels>& list, size_t zones, uint64_t top);

  [[nodiscard]] bool Lists(size_t item, size_t zone) const { return listed_.empty() || listed_[item * zones_ + zone]; }
  // In at least one zone.
  [[nodiscard]] bool Lists(size_t item) const;
  // By zone: energy and power of the processes that are not listed there; the power is nullopt where that of one is not
  // known.
  [[nodiscard]] const std::vector<monitor::EnergyFigure>& unlisted() const { return unlisted_; }

 private:
  void RankZone(const monitor::WorkloadList<monitor::ProcessLabels>& list, size_t zone, uint64_t top);

  const size_t zones_;
  std::vector<bool> listed_;  // item * zones_ + zone; empty: all
  std::vector<monitor::EnergyFigure> unlisted_;
};

}  // namespace brahe::exposition
