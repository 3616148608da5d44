#include "userspace/exposition/new_series.h"

#include <utility>

namespace brahe::exposition {
namespace {

// The part of the time between two scrapes that is kept free at both its ends: by so much may the scraper's clock and
// ours differ.
constexpr uint64_t kMargin = 4;

bool SameZones(const monitor::Snapshot& a, const monitor::Snapshot& b) {
  return std::equal(a.zones.begin(), a.zones.end(), b.zones.begin(), b.zones.end(),
                    [](const auto& zone, const auto& other) { return zone.name == other.name; });
}

}  // namespace

std::shared_ptr<const NewSeries> NewSeries::Between(Snapshots before, uint64_t before_ms, Snapshots now,
                                                    uint64_t now_ms, const std::vector<std::string>& levels,
                                                    uint64_t most_samples) {
  const uint64_t margin = now_ms > before_ms ? (now_ms - before_ms) / kMargin : 0;
  if (margin == 0 || !SameZones(*before, *now)) return nullptr;
  const std::shared_ptr<NewSeries> series(new NewSeries(std::move(before), std::move(now)));
  series->Compare(levels);
  size_t items = 0;
  const auto count = [&](const auto& lists) {
    for (const auto& list : lists) items += list.size();
  };
  count(series->processes_);
  count(series->containers_);
  count(series->vms_);
  count(series->pods_);
  count(series->groups_);
  if (items == 0) return nullptr;
  const uint64_t affordable = most_samples / (items * (series->now_->zones.size() + 1));
  if (affordable == 0) return nullptr;
  // All repeats lie in the time that is free.
  series->most_repeats_ = std::min<uint64_t>({kMostRepeats, margin, affordable});
  series->earliest_ms_ = before_ms + margin + series->most_repeats_ - 1;
  series->latest_ms_ = now_ms - margin;
  return series;
}

void NewSeries::Compare(const std::vector<std::string>& levels) {
  const auto chosen = [&](std::string_view level) {
    return std::find(levels.begin(), levels.end(), level) != levels.end();
  };
  if (chosen("process")) processes_.emplace_back(before_->processes, now_->processes);
  if (chosen("container")) containers_.emplace_back(before_->containers, now_->containers);
  if (chosen("vm")) vms_.emplace_back(before_->vms, now_->vms);
  if (chosen("pod")) pods_.emplace_back(before_->pods, now_->pods);
  static const monitor::WorkloadList<monitor::GroupLabels> kNone;
  for (const monitor::GroupList& list : now_->groups) {
    if (!chosen(list.level)) continue;
    const auto same = std::find_if(before_->groups.begin(), before_->groups.end(),
                                   [&](const monitor::GroupList& other) { return other.level == list.level; });
    groups_.emplace_back(same != before_->groups.end() ? same->groups : kNone, list.groups);
  }
}

}  // namespace brahe::exposition
