#include "userspace/exposition/top_processes.h"

#include <algorithm>
#include <numeric>

namespace brahe::exposition {

TopProcesses::TopProcesses(const monitor::WorkloadList<monitor::ProcessLabels>& list, size_t zones, uint64_t top)
    : zones_(zones), unlisted_(zones, {{}, Microwatts()}) {
  if (top == 0 || top >= list.size()) return;
  listed_.resize(list.size() * zones);
  for (size_t zone = 0; zone < zones; ++zone) RankZone(list, zone, top);
}

bool TopProcesses::Lists(size_t item) const {
  if (listed_.empty()) return true;
  const auto first = listed_.begin() + static_cast<ptrdiff_t>(item * zones_);
  return std::find(first, first + static_cast<ptrdiff_t>(zones_), true) != first + static_cast<ptrdiff_t>(zones_);
}

void TopProcesses::RankZone(const monitor::WorkloadList<monitor::ProcessLabels>& list, size_t zone, uint64_t top) {
  const auto energy_of = [&](size_t item) { return list.At(item, zone).energy; };
  std::vector<size_t> ranking(list.size());
  std::iota(ranking.begin(), ranking.end(), 0);
  const auto last = ranking.begin() + static_cast<ptrdiff_t>(top);
  std::nth_element(ranking.begin(), last, ranking.end(), [&](size_t a, size_t b) {
    return energy_of(a) != energy_of(b) ? energy_of(b) < energy_of(a) : a < b;
  });
  for (auto item = ranking.begin(); item != last; ++item) listed_[*item * zones_ + zone] = true;
  monitor::EnergyFigure& unlisted = unlisted_[zone];
  for (auto item = last; item != ranking.end(); ++item) {
    const monitor::EnergyFigure figure = list.At(*item, zone);
    unlisted.energy += figure.energy;
    if (unlisted.power) unlisted.power = figure.power ? std::optional(*unlisted.power + *figure.power) : std::nullopt;
  }
}

}  // namespace brahe::exposition
