#include "userspace/check/imbalances.h"

#include "userspace/check/words.h"

namespace brahe::check {
namespace {

template <typename Labels>
void CompareLevel(std::string_view level, const monitor::WorkloadList<Labels>& list, const monitor::Snapshot& snapshot,
                  std::vector<std::string>& found) {
  for (size_t zone = 0; zone < snapshot.zones.size(); ++zone) {
    const monitor::ListRest& rest = list.rest()[zone];
    const Microjoules sum = list.Sum(zone) + rest.unlisted.energy + rest.pending;
    const Microjoules active = snapshot.zones[zone].figures.active.energy;
    if (sum == active) continue;
    found.push_back("at level " + std::string(level) + " zone " + snapshot.zones[zone].name + " has " + InJoules(sum) +
                    " of " + InJoules(active) + " active");
  }
}

}  // namespace

std::vector<std::string> FindImbalances(const monitor::Snapshot& snapshot) {
  std::vector<std::string> found;
  for (const monitor::ZoneSeries& zone : snapshot.zones) {
    const Microjoules sum = zone.figures.active.energy + zone.figures.idle.energy;
    if (sum == zone.figures.all.energy) continue;
    found.push_back("zone " + zone.name + " has " + InJoules(sum) + " active and idle of " +
                    InJoules(zone.figures.all.energy) + " in all");
  }
  CompareLevel("process", snapshot.processes, snapshot, found);
  CompareLevel("container", snapshot.containers, snapshot, found);
  CompareLevel("vm", snapshot.vms, snapshot, found);
  CompareLevel("pod", snapshot.pods, snapshot, found);
  for (const monitor::GroupList& list : snapshot.groups) CompareLevel(list.level, list.groups, snapshot, found);
  return found;
}

}  // namespace brahe::check
