#include "userspace/exposition/selection.h"

#include <algorithm>
#include <string_view>

namespace brahe::exposition {
namespace {

uint64_t BoundOf(std::string_view level, const LevelBounds& bounds) {
  const auto at = bounds.find(level);
  return at != bounds.end() ? at->second : kAllListed;
}

}  // namespace

std::shared_ptr<const monitor::Snapshot> Selection::Of(const std::shared_ptr<const monitor::Snapshot>& snapshot,
                                                       const LevelBounds& bounds) {
  if (snapshot->zones.empty() || ShowsAll(*snapshot, bounds)) return snapshot;
  auto shown = std::make_shared<monitor::Snapshot>(*snapshot);
  const SelectionScene scene = {.epoch = snapshot->epoch,
                                .time = snapshot->time,
                                .zones = snapshot->zones.size(),
                                .primary_zone = snapshot->primary_zone};
  const auto show = [&](std::string_view level, auto& selection, auto& list) {
    list = selection.Show(list, BoundOf(level, bounds), scene);
  };
  show("process", processes_, shown->processes);
  show("container", containers_, shown->containers);
  show("vm", vms_, shown->vms);
  show("pod", pods_, shown->pods);
  for (monitor::GroupList& of_level : shown->groups) {
    show(of_level.level, groups_[std::string(of_level.level)], of_level.groups);
  }
  return shown;
}

bool Selection::ShowsAll(const monitor::Snapshot& snapshot, const LevelBounds& bounds) const {
  const auto groups_show_all = [&](const monitor::GroupList& of_level) {
    const auto at = groups_.find(of_level.level);
    const uint64_t most = BoundOf(of_level.level, bounds);
    return at != groups_.end() ? at->second.ShowsAll(of_level.groups, most) : of_level.groups.size() <= most;
  };
  return processes_.ShowsAll(snapshot.processes, BoundOf("process", bounds)) &&
         containers_.ShowsAll(snapshot.containers, BoundOf("container", bounds)) &&
         vms_.ShowsAll(snapshot.vms, BoundOf("vm", bounds)) && pods_.ShowsAll(snapshot.pods, BoundOf("pod", bounds)) &&
         std::all_of(snapshot.groups.begin(), snapshot.groups.end(), groups_show_all);
}

}  // namespace brahe::exposition
