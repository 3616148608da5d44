#include "userspace/top/document_frame.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "userspace/top/row_names.h"

namespace brahe::top {
namespace {

// Keeps the order of labels. Its exceptions are caught in ReadFrame: where a field is missing or of another kind.
using Json = nlohmann::ordered_json;

std::string TextOf(const Json& json, const char* key) { return json.at(key).get<std::string>(); }
uint64_t CountOf(const Json& json, const char* key) { return json.at(key).get<uint64_t>(); }

Figure FigureOf(const Json& json) {
  Figure figure{.energy = {CountOf(json, "energy_uj")}, .power = {}};
  if (const Json& power = json.at("power_uw"); !power.is_null()) figure.power = Microwatts{power.get<uint64_t>()};
  return figure;
}

Row ProcessOf(const Json& json) {
  return ProcessRow(CountOf(json, "pid"), TextOf(json, "comm"), TextOf(json, "exe"), TextOf(json, "container_id"),
                    TextOf(json, "vm_id"));
}
Row ContainerOf(const Json& json) {
  return ContainerRow(TextOf(json, "container_id"), TextOf(json, "container_name"), TextOf(json, "runtime"),
                      TextOf(json, "pod_id"));
}
Row VmOf(const Json& json) { return VmRow(TextOf(json, "vm_id"), TextOf(json, "vm_name"), TextOf(json, "hypervisor")); }
Row PodOf(const Json& json) {
  return PodRow(TextOf(json, "pod_id"), TextOf(json, "pod_name"), TextOf(json, "pod_namespace"));
}
Row GroupOf(const Json& json) {
  std::vector<std::string> values;
  for (const auto& [label, value] : json.at("labels").items()) values.push_back(value.get<std::string>());
  return GroupRow(values);
}

// Adds an item of a list to `level`. What has figures of other zones than the node is no snapshot.
void AddItem(const Json& item, Row row, Level& level) {
  row.cpu_time = {CountOf(item, "cpu_time_ns")};
  row.ended = item.value("state", "running") == "terminated";
  level.rows.push_back(std::move(row));
  const Json& zones = item.at("zones");
  if (zones.size() != level.series) throw std::out_of_range("zones: as many as the node's are expected");
  for (const Json& zone : zones) level.figures.push_back(FigureOf(zone));
}

Level LevelOf(const Json& document, const char* key, const char* name, Row (*row_of)(const Json&), size_t zones) {
  Level level{.name = name, .rows = {}, .series = zones, .figures = {}};
  for (const Json& item : document.at(key)) AddItem(item, row_of(item), level);
  return level;
}

void AddGroups(const Json& document, size_t zones, std::vector<Level>& levels) {
  for (const Json& item : document.at("groups")) {
    const std::string name = TextOf(item, "level");
    auto level = std::find_if(levels.begin(), levels.end(), [&](const Level& each) { return each.name == name; });
    if (level == levels.end()) {
      levels.push_back({.name = name, .rows = {}, .series = zones, .figures = {}});
      level = levels.end() - 1;
    }
    AddItem(item, GroupOf(item), *level);
  }
}

Level SocketsOf(const Json& document) {
  Level level{.name = kSocketLevel, .rows = {}, .series = 1, .figures = {}};
  for (const Json& zone : document.at("socket_zones")) {
    const Json& socket = zone.at("socket");
    level.rows.push_back({.name = TextOf(zone, "zone"),
                          .id = socket.is_null() ? "" : std::to_string(socket.get<uint64_t>()),
                          .detail = TextOf(zone, "path"),
                          .cpu_time = {}});
    level.figures.push_back(FigureOf(zone.at("all")));
  }
  return level;
}

Frame FrameOf(const Json& document) {
  Frame frame{.epoch = CountOf(document, "epoch"),
              .unix_ms = CountOf(document, "unix_ms"),
              .duration = {CountOf(document, "duration_ns")},
              .node_name = TextOf(document, "node_name"),
              .cpu_time_source = TextOf(document, "cpu_time_source"),
              .energy_source = TextOf(document, "energy_source"),
              .energy_measured = document.at("energy_measured").get<bool>(),
              .usage_ppm = CountOf(document, "usage_ppm"),
              .zones = {},
              .levels = {}};
  const Json& primary = document.at("primary_zone");
  for (const Json& zone : document.at("zones")) {
    if (zone.at("zone") == primary) frame.primary_zone = frame.zones.size();
    frame.zones.push_back(
        {TextOf(zone, "zone"), FigureOf(zone.at("all")), FigureOf(zone.at("active")), FigureOf(zone.at("idle"))});
  }
  const size_t zones = frame.zones.size();
  std::vector<Level> levels = {LevelOf(document, "processes", "process", ProcessOf, zones),
                               LevelOf(document, "containers", "container", ContainerOf, zones),
                               LevelOf(document, "vms", "vm", VmOf, zones),
                               LevelOf(document, "pods", "pod", PodOf, zones)};
  AddGroups(document, zones, levels);
  levels.push_back(SocketsOf(document));
  frame.levels = Arranged(std::move(levels));
  return frame;
}

}  // namespace

Result<Frame> ReadFrame(std::string_view document) {
  const Json json = Json::parse(document, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return MakeError("no JSON");
  try {
    return FrameOf(json);
  } catch (const std::exception& fault) {
    return MakeError(std::string("no snapshot of Brahe's: ") + fault.what());
  }
}

}  // namespace brahe::top
