#pragma once

#include <cstdint>
#include <memory>

#include "userspace/exposition/families.h"
#include "userspace/exposition/selection.h"
#include "userspace/exposition/series_budget.h"
#include "userspace/exposition/series_limit.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::exposition {

// Decides which workloads of a snapshot are shown, by the bounds of RenderOptions. Not thread-safe; see Selection for
// the order of snapshots.
class Selector {
 public:
  struct Selected {
    std::shared_ptr<const monitor::Snapshot> snapshot;
    SeriesLimit limit;
  };

  // `own_series`: what an exposition has beside the snapshot's families.
  Selected Of(const std::shared_ptr<const monitor::Snapshot>& snapshot, const RenderOptions& options,
              uint64_t own_series);

 private:
  SeriesLimit Limit(const monitor::Snapshot& snapshot, const RenderOptions& options, uint64_t own_series,
                    LevelBounds& bounds);

  SeriesBudget budget_;
  Selection selection_;
};

}  // namespace brahe::exposition
