#include "userspace/exposition/selector.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "userspace/exposition/levels.h"
#include "userspace/exposition/series_counts.h"

namespace brahe::exposition {
namespace {

using monitor::Snapshot;

// Calls `visit` with the name and the list of each level.
void ForEachList(auto& snapshot, const auto& visit) {
  visit(std::string_view("process"), snapshot.processes);
  visit(std::string_view("container"), snapshot.containers);
  visit(std::string_view("vm"), snapshot.vms);
  visit(std::string_view("pod"), snapshot.pods);
  for (auto& list : snapshot.groups) visit(list.level, list.groups);
}

// A list of `members` running workloads that have all figures, and of a rest.
template <typename Labels>
monitor::WorkloadList<Labels> ListOf(size_t members, size_t zones, std::vector<monitor::ListRest> rest) {
  using Chunk = monitor::WorkloadChunk<Labels>;
  monitor::WorkloadList<Labels> list;
  rest.resize(zones);
  list.SetRest(std::move(rest));
  if (members == 0) return list;
  auto chunk = std::make_shared<Chunk>(zones);
  chunk->faces = std::make_shared<const typename Chunk::Faces>(
      typename Chunk::Faces(members, {.labels = std::make_shared<const Labels>(), .since = Seconds(1)}));
  for (size_t i = 0; i < members; ++i) {
    chunk->AddFigures({}, [](size_t) { return monitor::EnergyFigure{{}, Microwatts{}}; });
  }
  list.Append(std::move(chunk));
  return list;
}

// The series of `snapshot` if each of its levels had as many workloads.
std::map<std::string, uint64_t, std::less<>> CountWith(size_t members, const Snapshot& snapshot,
                                                       const RenderOptions& options) {
  auto sketch = std::make_shared<Snapshot>(snapshot);
  ForEachList(*sketch, [&]<typename Labels>(std::string_view, monitor::WorkloadList<Labels>& list) {
    list = ListOf<Labels>(members, snapshot.zones.size(), list.rest());
  });
  return CountSeries(std::make_shared<const RenderInput>(std::move(sketch), options));
}

uint64_t TopOf(std::string_view level, const RenderOptions& options) {
  if (level == "process") return options.top_processes;
  const bool is_leaf = level == "container" || level == "vm" || level == "pod";
  return is_leaf ? 0 : options.top_groups;
}

LevelBounds TopBounds(const Snapshot& snapshot, const RenderOptions& options) {
  LevelBounds bounds;
  ForEachList(snapshot, [&](std::string_view level, const auto&) {
    if (const uint64_t top = TopOf(level, options); top > 0) bounds[std::string(level)] = top;
  });
  return bounds;
}

uint64_t Bounded(uint64_t members, std::string_view level, const LevelBounds& bounds) {
  const auto at = bounds.find(level);
  return at != bounds.end() ? std::min(members, at->second) : members;
}

}  // namespace

Selector::Selected Selector::Of(const std::shared_ptr<const Snapshot>& snapshot, const RenderOptions& options,
                                uint64_t own_series) {
  LevelBounds bounds = TopBounds(*snapshot, options);
  const SeriesLimit limit = Limit(*snapshot, options, own_series, bounds);
  return {.snapshot = selection_.Of(snapshot, bounds), .limit = limit};
}

// Lowers `bounds` where not all that they allow fits.
SeriesLimit Selector::Limit(const Snapshot& snapshot, const RenderOptions& options, uint64_t own_series,
                            LevelBounds& bounds) {
  if (options.max_series == 0) {
    budget_ = {};
    return {};
  }
  const auto without = CountWith(0, snapshot, options);
  auto with_one = CountWith(1, snapshot, options);
  SeriesLimit limit = {.most = options.max_series, .fixed = own_series, .spare = 0, .levels = {}};
  for (const auto& [level, series] : without) limit.fixed += series;
  std::vector<SeriesDemand> demands;
  for (const std::string_view level : kLevels) {
    ForEachList(snapshot, [&](std::string_view of_list, const auto& list) {
      if (of_list != level || !IsChosen(level, options)) return;
      const auto before = without.find(level);
      const uint64_t series = with_one[std::string(level)] - (before != without.end() ? before->second : 0);
      if (series > 0) demands.push_back({level, Bounded(list.size(), level, bounds), series});
    });
  }
  const LevelBounds fitting = budget_.Divide(limit.most, limit.fixed, demands);
  uint64_t used = limit.fixed;
  for (const SeriesDemand& demand : demands) {
    const uint64_t members = Bounded(demand.members, demand.level, fitting);
    used += members * demand.series;
    if (members < demand.members) limit.levels.emplace_back(demand.level);
  }
  limit.spare = limit.most - std::min(limit.most, used);
  for (const auto& [level, bound] : fitting) {
    const auto [at, is_new] = bounds.try_emplace(level, bound);
    at->second = std::min(at->second, bound);
  }
  return limit;
}

}  // namespace brahe::exposition
