#include "userspace/exposition/series_budget.h"

#include <algorithm>

namespace brahe::exposition {

LevelBounds SeriesBudget::Divide(uint64_t most, uint64_t fixed, const std::vector<SeriesDemand>& demands) {
  if (most == 0) {
    bounds_.clear();
    return {};
  }
  std::erase_if(bounds_, [&](const auto& bound) {
    return std::none_of(demands.begin(), demands.end(),
                        [&](const auto& demand) { return demand.level == bound.first; });
  });
  uint64_t left = most - std::min(most, fixed);
  for (const SeriesDemand& demand : demands) {
    const uint64_t members = std::min(demand.members, BoundOf(demand, left / demand.series));
    left -= members * demand.series;
  }
  return bounds_;
}

// `fitting`: how many members have room.
uint64_t SeriesBudget::BoundOf(const SeriesDemand& demand, uint64_t fitting) {
  const auto at = bounds_.find(demand.level);
  if (at == bounds_.end()) {
    if (demand.members <= fitting) return kAllListed;
    return bounds_[std::string(demand.level)] = fitting;
  }
  if (demand.members + demand.members / 8 <= fitting) {
    bounds_.erase(at);
    return kAllListed;
  }
  const uint64_t bound = at->second;
  if (fitting < bound || fitting > bound + bound / 8) at->second = fitting;
  return at->second;
}

}  // namespace brahe::exposition
