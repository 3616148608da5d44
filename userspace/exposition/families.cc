#include "userspace/exposition/families.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "userspace/exposition/gpu_families.h"
#include "userspace/exposition/machine_families.h"
#include "userspace/exposition/workload_families.h"

namespace brahe::exposition {
namespace {

// The levels of whose workloads some wait for their names.
constexpr std::string_view kLevelsThatPend[] = {"container", "pod", "namespace", "owner"};

std::string SpellLabel(LabelSpelling spelling, std::string_view name, std::string_view value) {
  std::string label;
  LabelSpeller(spelling).Append(name, value, label);
  return label;
}

std::vector<std::string> SpellZoneLabels(LabelSpelling spelling, const std::vector<monitor::ZoneSeries>& zones) {
  std::vector<std::string> labels;
  for (const monitor::ZoneSeries& zone : zones) labels.push_back(SpellLabel(spelling, "zone", zone.name));
  return labels;
}

std::deque<RenderList<monitor::GroupLabels>> GroupLists(const monitor::Snapshot& snapshot, LabelContext context) {
  std::deque<RenderList<monitor::GroupLabels>> lists;
  for (const monitor::GroupList& list : snapshot.groups) {
    context.names = &list.label_names;
    lists.emplace_back(list.groups, context);
  }
  return lists;
}

monitor::EnergyFigure Sum(const monitor::EnergyFigure& a, const monitor::EnergyFigure& b) {
  return {a.energy + b.energy, a.power && b.power ? std::optional(*a.power + *b.power) : std::nullopt};
}

std::vector<RenderRest> Rests(const monitor::Snapshot& snapshot) {
  std::vector<RenderRest> rests;
  const auto add = [&](std::string_view level, const std::vector<monitor::ListRest>& zones) {
    const bool can_pend =
        std::find(std::begin(kLevelsThatPend), std::end(kLevelsThatPend), level) != std::end(kLevelsThatPend) ||
        std::any_of(zones.begin(), zones.end(), [](const auto& rest) { return rest.pending.value != 0; });
    if (!zones.empty()) rests.push_back({level, zones, can_pend});
  };
  add("process", snapshot.processes.rest());
  add("container", snapshot.containers.rest());
  add("vm", snapshot.vms.rest());
  add("pod", snapshot.pods.rest());
  for (const monitor::GroupList& list : snapshot.groups) add(list.level, list.groups.rest());
  return rests;
}

// What of the node's active energy no running process has; nothing where the list has no rest.
std::vector<monitor::EnergyFigure> NoRunning(const monitor::WorkloadList<monitor::ProcessLabels>& processes) {
  std::vector<monitor::EnergyFigure> figures;
  for (const monitor::ListRest& rest : processes.rest()) {
    figures.push_back(Sum(rest.unlisted, {rest.pending, Microwatts{}}));  // its power is with the unlisted
  }
  for (size_t item = 0; item < processes.size() && !figures.empty(); ++item) {
    if (processes[item].state == monitor::WorkloadState::kRunning) continue;
    for (size_t zone = 0; zone < figures.size(); ++zone) figures[zone] = Sum(figures[zone], processes.At(item, zone));
  }
  return figures;
}

std::vector<Family> AllFamilies(const RenderInput& input, std::deque<std::string>& texts) {
  std::vector<Family> all;
  const auto add = [&](const auto& families) { all.insert(all.end(), families.begin(), families.end()); };
  add(KeplerMachineFamilies());
  add(KeplerWorkloadFamilies());
  add(KeplerGpuFamilies());
  add(MachineFamilies());
  add(ListFamilies(input, texts));
  add(SourceFamilies());
  add(GpuFamilies());
  return all;
}

}  // namespace

RenderInput::RenderInput(std::shared_ptr<const monitor::Snapshot> source, RenderOptions render_options,
                         LabelSpelling label_spelling, RenderClock render_clock, SeriesLimit series_limit,
                         std::shared_ptr<SpareText> spare)
    : owner(std::move(source)),
      snapshot(*owner),
      options(std::move(render_options)),
      spelling(label_spelling),
      clock(render_clock),
      limit(std::move(series_limit)),
      node_label(SpellLabel(spelling, "node_name", options.node_name)),
      zone_labels(SpellZoneLabels(spelling, snapshot.zones)),
      processes(snapshot.processes, labels(), std::move(spare)),
      containers(snapshot.containers, labels()),
      vms(snapshot.vms, labels()),
      pods(snapshot.pods, labels()),
      groups(GroupLists(snapshot, labels())),
      rests(Rests(snapshot)),
      no_running(options.unlisted_as_process ? NoRunning(snapshot.processes) : std::vector<monitor::EnergyFigure>()),
      families(AllFamilies(*this, texts_)) {}

LabelContext RenderInput::labels() const {
  return {LabelSpeller(spelling), node_label, monitor::WorkloadState::kRunning, nullptr};
}

bool IsChosen(std::string_view level, const RenderOptions& options) {
  return level.empty() || std::find(options.levels.begin(), options.levels.end(), level) != options.levels.end();
}

}  // namespace brahe::exposition
