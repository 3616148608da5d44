#include "userspace/exposition/json_snapshot.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "userspace/exposition/workload_labels.h"
#include "userspace/monitor/energy_origin.h"
#include "userspace/monitor/gpu_figures.h"

namespace brahe::exposition {
namespace {

using Json = nlohmann::ordered_json;

// Names are any bytes: what is no UTF-8 is replaced, and nothing is thrown.
std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json PowerOf(const monitor::EnergyFigure& figure) { return figure.power ? Json(figure.power->value) : Json(nullptr); }

Json FigureOf(const monitor::EnergyFigure& figure) {
  return {{"energy_uj", figure.energy.value}, {"power_uw", PowerOf(figure)}};
}

Json SourceName(gpu::CardSource source) {
  if (source == gpu::CardSource::kNone) return nullptr;
  return source == gpu::CardSource::kCounter ? "counter" : "power";
}

Json ProgramsOf(const cpu::CpuTimeSourceStats& kernel) {
  Json programs = Json::array();
  for (const cpu::KernelProgramStats& program : kernel.programs) {
    programs.push_back({{"name", program.name},
                        {"runs", program.runs},
                        {"run_time_ns", program.run_time.value},
                        {"recursion_misses", OrNull(program.recursion_misses)}});
  }
  return programs;
}

Json FeaturesOf(const cpu::CpuTimeSourceStats& kernel) {
  Json features = Json::array();
  for (const cpu::KernelFeature& feature : kernel.features)
    features.push_back({{"name", feature.name}, {"on", feature.on}});
  return features;
}

// Null with a CPU time source that has no kernel side.
Json KernelOf(const monitor::Snapshot& snapshot) {
  if (snapshot.cpu_time_source != "bpf") return nullptr;
  const cpu::CpuTimeSourceStats& kernel = snapshot.kernel;
  return {{"map_entries", kernel.map_entries},
          {"map_capacity", kernel.map_capacity},
          {"overflow_entries", kernel.overflow_entries},
          {"overflow_capacity", kernel.overflow_capacity},
          {"switches", kernel.switches},
          {"repaired_events", kernel.repaired_events},
          {"dropped_events", kernel.dropped_events},
          {"late_cuts", kernel.late_cuts},
          {"lost_time_ns", kernel.lost.value},
          {"conservation_error_ns", kernel.conservation_error.value},
          {"features", FeaturesOf(kernel)},
          {"programs", ProgramsOf(kernel)}};
}

Json HeadOf(const monitor::Snapshot& snapshot, const std::string& node_name) {
  const std::vector<monitor::ZoneSeries>& zones = snapshot.zones;
  const monitor::EnergyOrigin origin = monitor::EnergyOriginOf(snapshot);
  return {{"epoch", snapshot.epoch},
          {"unix_ms", snapshot.unix_ms},
          {"monotonic_ns", snapshot.time.value},
          {"duration_ns", snapshot.duration.value},
          {"node_name", node_name},
          {"cpu_time_source", snapshot.cpu_time_source},
          {"energy_source", origin.source},
          {"energy_measured", origin.measured},
          {"usage_ppm", snapshot.usage_ppm},
          {"unassigned_cpu_time_ns", snapshot.unassigned_time.value},
          {"primary_zone", zones.empty() ? Json(nullptr) : Json(zones[snapshot.primary_zone].name)},
          {"kernel", KernelOf(snapshot)}};
}

Json CpuOf(const monitor::Snapshot& snapshot, size_t item) {
  const cpu::CpuInfo& cpu = (*snapshot.cpus)[item];
  return {{"processor", cpu.processor},
          {"vendor_id", cpu.vendor_id},
          {"model_name", cpu.model_name},
          {"physical_id", cpu.physical_id},
          {"core_id", cpu.core_id}};
}

void AddFigures(const monitor::ZoneFigures& figures, Json& json) {
  json["all"] = FigureOf(figures.all);
  json["active"] = FigureOf(figures.active);
  json["idle"] = FigureOf(figures.idle);
}

void AddSource(const energy::ZoneState& state, Json& json) {
  json["source"] = state.source;
  json["measured"] = state.measured;
  json["uncertainty_ppm"] = OrNull(state.uncertainty_ppm);
}

Json ZoneOf(const monitor::Snapshot& snapshot, size_t item) {
  const monitor::ZoneSeries& zone = snapshot.zones[item];
  Json json = {{"zone", zone.name}, {"path", zone.path}};
  AddSource(zone.state, json);
  AddFigures(zone.figures, json);
  return json;
}

Json SocketZoneOf(const monitor::Snapshot& snapshot, size_t item) {
  const monitor::SocketZone& zone = snapshot.socket_zones[item];
  Json json = {{"zone", zone.name}, {"path", zone.path}, {"socket", OrNull(zone.socket)}};
  AddSource(zone.state, json);
  AddFigures(zone.figures, json);
  json["read_errors"] = zone.state.read_errors;
  json["resets"] = zone.state.resets;
  json["still"] = zone.state.still;
  json["baseline_uw"] = zone.idle_power ? Json(zone.idle_power->value) : Json(nullptr);
  return json;
}

Json UnlistedOf(const monitor::Snapshot& snapshot, size_t item) {
  const monitor::ListRest& rest = snapshot.processes.rest()[item];
  return {{"zone", snapshot.zones[item].name},
          {"energy_uj", rest.unlisted.energy.value},
          {"power_uw", PowerOf(rest.unlisted)}};
}

// The lists of the other levels, as far as they have a rest.
struct RestOfLevel {
  std::string_view level;
  const std::vector<monitor::ListRest>& zones;
};

std::vector<RestOfLevel> RestsOf(const monitor::Snapshot& snapshot) {
  std::vector<RestOfLevel> rests = {
      {"container", snapshot.containers.rest()}, {"vm", snapshot.vms.rest()}, {"pod", snapshot.pods.rest()}};
  for (const monitor::GroupList& list : snapshot.groups) rests.push_back({list.level, list.groups.rest()});
  return rests;
}

size_t SizeOfRests(const monitor::Snapshot& snapshot) {
  size_t size = 0;
  for (const RestOfLevel& rest : RestsOf(snapshot)) size += rest.zones.size();
  return size;
}

Json RestOf(const monitor::Snapshot& snapshot, size_t item) {
  for (const auto& [level, zones] : RestsOf(snapshot)) {
    if (item < zones.size()) {
      return {{"level", level},
              {"zone", snapshot.zones[item].name},
              {"energy_uj", zones[item].unlisted.energy.value},
              {"power_uw", PowerOf(zones[item].unlisted)},
              {"pending_uj", zones[item].pending.value}};
    }
    item -= zones.size();
  }
  return nullptr;
}

Json LabelsOf(const monitor::ProcessLabels& process) {
  return {{"pid", process.pid},
          {"comm", process.comm},
          {"exe", process.exe.str()},
          {"type", process.type},
          {"container_id", process.container_id.str()},
          {"vm_id", process.vm_id.str()}};
}

Json LabelsOf(const monitor::ContainerLabels& container) {
  return {{"container_id", container.id},
          {"container_name", container.name},
          {"runtime", container.runtime},
          {"pod_id", container.pod_id}};
}

Json LabelsOf(const monitor::VmLabels& vm) {
  return {{"vm_id", vm.id}, {"vm_name", vm.name}, {"hypervisor", vm.hypervisor}};
}

Json LabelsOf(const monitor::PodLabels& pod) {
  return {{"pod_id", pod.id}, {"pod_name", pod.name}, {"pod_namespace", pod.name_space}};
}

// What an item of `list` used.
void AddUse(const monitor::Snapshot& snapshot, const auto& list, size_t item, Json& json) {
  json["cpu_time_ns"] = list[item].cpu_time.value;
  Json& zones = json["zones"] = Json::array();
  for (size_t zone = 0; zone < snapshot.zones.size(); ++zone) {
    const monitor::EnergyFigure figure = list.At(item, zone);
    zones.push_back(
        {{"zone", snapshot.zones[zone].name}, {"energy_uj", figure.energy.value}, {"power_uw", PowerOf(figure)}});
  }
}

template <auto kList>
Json WorkloadOf(const monitor::Snapshot& snapshot, size_t item) {
  const auto& list = snapshot.*kList;
  const auto workload = list[item];
  Json json = LabelsOf(*workload.labels);
  json["state"] = StateName(workload.state);
  AddUse(snapshot, list, item, json);
  return json;
}

Json GpuOf(const monitor::Snapshot& snapshot, size_t item) {
  const monitor::CardFigures& card = snapshot.gpus->cards[item];
  Json json = {{"gpu", card.names.index},
               {"uuid", card.names.uuid},
               {"name", card.names.name},
               {"vendor", card.names.vendor},
               {"source", SourceName(card.source)}};
  AddFigures(card.figures, json);
  json["read_errors"] = card.read_errors;
  json["resets"] = card.resets;
  return json;
}

size_t GpusOf(const monitor::Snapshot& snapshot) { return snapshot.gpus ? snapshot.gpus->cards.size() : 0; }

template <auto kLevel>
size_t GpuUsersOf(const monitor::Snapshot& snapshot) {
  return snapshot.gpus ? (*snapshot.gpus.*kLevel).users.size() : 0;
}

template <auto kLevel>
Json GpuUserOf(const monitor::Snapshot& snapshot, size_t item) {
  const auto& user = (*snapshot.gpus.*kLevel).users[item];
  Json json = LabelsOf(*user.labels);
  json["state"] = StateName(user.state);
  json.update(FigureOf(user.figure));
  return json;
}

// What is told: of these levels' workloads and groups, or of all where there is none.
using Levels = std::vector<std::string>;

bool IsTold(std::string_view level, const Levels& levels) {
  return levels.empty() || std::find(levels.begin(), levels.end(), level) != levels.end();
}

size_t SizeOfGroups(const monitor::Snapshot& snapshot, const Levels& levels) {
  size_t size = 0;
  for (const monitor::GroupList& list : snapshot.groups) size += IsTold(list.level, levels) ? list.groups.size() : 0;
  return size;
}

Json GroupOf(const monitor::Snapshot& snapshot, const Levels& levels, size_t item) {
  for (const monitor::GroupList& list : snapshot.groups) {
    if (!IsTold(list.level, levels)) continue;
    if (item < list.groups.size()) {
      Json json = {{"level", list.level}};
      const monitor::GroupLabels& labels = *list.groups[item].labels;
      for (size_t i = 0; i < list.label_names.size(); ++i) {
        json["labels"][std::string(list.label_names[i])] = labels.values[i];
      }
      AddUse(snapshot, list.groups, item, json);
      return json;
    }
    item -= list.groups.size();
  }
  return nullptr;
}

template <auto kVector>
size_t SizeOf(const monitor::Snapshot& snapshot) {
  return (snapshot.*kVector).size();
}

size_t SizeOfRest(const monitor::Snapshot& snapshot) { return snapshot.processes.rest().size(); }

size_t CpusOf(const monitor::Snapshot& snapshot) { return snapshot.cpus ? snapshot.cpus->size() : 0; }

// The lists of the document, in their order.
struct List {
  const char* key;
  const char* level;  // empty: it is there whatever levels are told
  size_t (*count)(const monitor::Snapshot& snapshot, const Levels& levels);
  Json (*item)(const monitor::Snapshot& snapshot, const Levels& levels, size_t item);
};

template <auto kCount, auto kItem>
constexpr List ListOf(const char* key, const char* level = "") {
  return {
      key, level, [](const monitor::Snapshot& snapshot, const Levels& /*levels*/) { return kCount(snapshot); },
      [](const monitor::Snapshot& snapshot, const Levels& /*levels*/, size_t item) { return kItem(snapshot, item); }};
}

template <auto kList>
constexpr List WorkloadsOf(const char* key, const char* level) {
  return ListOf<SizeOf<kList>, WorkloadOf<kList>>(key, level);
}

template <auto kLevel>
constexpr List GpuUsersIn(const char* key, const char* level) {
  return ListOf<GpuUsersOf<kLevel>, GpuUserOf<kLevel>>(key, level);
}

constexpr List kLists[] = {
    ListOf<CpusOf, CpuOf>("cpus"),
    ListOf<SizeOf<&monitor::Snapshot::zones>, ZoneOf>("zones"),
    ListOf<SizeOf<&monitor::Snapshot::socket_zones>, SocketZoneOf>("socket_zones"),
    ListOf<SizeOfRest, UnlistedOf>("unlisted_processes"),
    WorkloadsOf<&monitor::Snapshot::processes>("processes", "process"),
    WorkloadsOf<&monitor::Snapshot::containers>("containers", "container"),
    WorkloadsOf<&monitor::Snapshot::vms>("vms", "vm"),
    WorkloadsOf<&monitor::Snapshot::pods>("pods", "pod"),
    {"groups", "", SizeOfGroups, GroupOf},
    ListOf<SizeOfRests, RestOf>("rests"),
    ListOf<GpusOf, GpuOf>("gpus"),
    GpuUsersIn<&monitor::GpuFigures::processes>("gpu_processes", "process"),
    GpuUsersIn<&monitor::GpuFigures::containers>("gpu_containers", "container"),
    GpuUsersIn<&monitor::GpuFigures::pods>("gpu_pods", "pod"),
};

size_t SizeOf(const List& list, const monitor::Snapshot& snapshot, const Levels& levels) {
  return *list.level == 0 || IsTold(list.level, levels) ? list.count(snapshot, levels) : 0;
}

}  // namespace

JsonRenderer::JsonRenderer(std::shared_ptr<const monitor::Snapshot> snapshot, std::string node_name,
                           std::vector<std::string> levels)
    : snapshot_(std::move(snapshot)), node_name_(std::move(node_name)), levels_(std::move(levels)) {}

void JsonRenderer::AppendNextItem(std::string& out) {
  if (place_ == Place::kHead) {
    out = Dump(HeadOf(*snapshot_, node_name_));
    out.pop_back();  // the lists stand in the same object
    place_ = Place::kLists;
  } else if (place_ == Place::kLists) {
    AppendListItem(out);
  }
}

void JsonRenderer::AppendListItem(std::string& out) {
  const List& list = kLists[list_];
  if (item_ == 0) out.append(",\n\"").append(list.key).append("\":[");
  if (item_ < SizeOf(list, *snapshot_, levels_)) {
    out.append(item_ == 0 ? "\n" : ",\n").append(Dump(list.item(*snapshot_, levels_, item_)));
    ++item_;
    return;
  }
  out.append("]");
  item_ = 0;
  if (++list_ < std::size(kLists)) return;
  out.append("}\n");
  place_ = Place::kEnd;
}

}  // namespace brahe::exposition
