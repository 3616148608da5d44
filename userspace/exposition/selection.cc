#include "userspace/exposition/selection.h"

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
  // What was left out once is to stay so.
  was_bounded_ = was_bounded_ || !bounds.empty();
  if (!was_bounded_) return snapshot;
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

}  // namespace brahe::exposition
