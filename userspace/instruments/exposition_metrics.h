#pragma once

#include <prometheus/collectable.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "userspace/exposition/level_sizes.h"
#include "userspace/exposition/levels.h"

namespace brahe::instruments {

// The brahe_exposition_* families: how large the last scrapes were, and at which levels a limit left something out. Any
// thread.
class ExpositionMetrics final : public prometheus::Collectable {
 public:
  // Three for each level and for what is of none.
  static constexpr uint64_t kMostSeries = uint64_t{3} * (exposition::kLevels.size() + 1);

  explicit ExpositionMetrics(std::string node_name) : node_name_(std::move(node_name)) {}

  // A scrape that was rendered to its end. One that asked for some levels only renews the figures of these.
  void Observe(const exposition::LevelSizes& sizes, bool of_all_levels);
  // By level that has workloads: whether some are left out for a limit; empty: there is none.
  void SetLimited(std::map<std::string, bool> limited);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::string node_name_;
  mutable std::mutex mutex_;
  exposition::LevelSizes sizes_;
  std::map<std::string, bool> limited_;
};

}  // namespace brahe::instruments
