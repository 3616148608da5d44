#pragma once

#include <memory>
#include <vector>

#include "userspace/base/units.h"
#include "userspace/monitor/snapshot.h"

namespace brahe {

// Where the exporter gets its figures. All calls are safe from any thread.
class SnapshotSource {
 public:
  virtual ~SnapshotSource() = default;

  // A snapshot not older than the staleness bound where that can be had: if the latest is older, one new epoch is cut,
  // which all who ask at the same time share. The latest one if that fails or takes longer than a few seconds; null
  // before the first epoch.
  virtual std::shared_ptr<const Snapshot> Fresh() = 0;
  // The latest snapshot, at once; null before the first epoch.
  [[nodiscard]] virtual std::shared_ptr<const Snapshot> Latest() const = 0;
  // False if no epoch has completed for three intervals.
  [[nodiscard]] virtual bool Healthy() const = 0;
  // Durations (CPU and wall time of cutting and booking) of epochs since the last call, for a histogram.
  virtual std::vector<Nanoseconds> TakeEpochDurations() = 0;
};

}  // namespace brahe
