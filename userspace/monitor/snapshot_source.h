#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "userspace/base/units.h"
#include "userspace/monitor/snapshot.h"

namespace brahe::monitor {

// What is measured of an epoch itself.
struct EpochTiming {
  Nanoseconds work;                  // time that cutting and booking it took
  std::optional<Nanoseconds> delay;  // of its cut behind the instant that it was due at; nullopt: it was due at none
  std::vector<Nanoseconds> read_lags = {};  // of each energy counter's reading behind the cut
};

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
  // The books that were gone on from, as of the end of the earlier life's last epoch: what is not in them nobody has
  // seen. Null: they began at 0.
  [[nodiscard]] virtual std::shared_ptr<const Snapshot> Resumed() const { return nullptr; }
  // False if no epoch has completed for three intervals.
  [[nodiscard]] virtual bool Healthy() const = 0;
  // Those of the epochs since the last call, for histograms.
  virtual std::vector<EpochTiming> TakeEpochTimings() = 0;
};

}  // namespace brahe::monitor
