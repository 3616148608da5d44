#include "userspace/top/snapshot_frame.h"

#include <string_view>
#include <utility>
#include <vector>

#include "userspace/monitor/energy_origin.h"
#include "userspace/top/row_names.h"

namespace brahe::top {
namespace {

Figure Seen(const monitor::EnergyFigure& figure) { return {figure.energy, figure.power}; }

Row RowOf(const monitor::ProcessLabels& process) {
  return ProcessRow(process.pid, process.comm, process.exe.str(), process.container_id.str(), process.vm_id.str());
}
Row RowOf(const monitor::ContainerLabels& container) {
  return ContainerRow(container.id, container.name, container.runtime, container.pod_id);
}
Row RowOf(const monitor::VmLabels& vm) { return VmRow(vm.id, vm.name, vm.hypervisor); }
Row RowOf(const monitor::PodLabels& pod) { return PodRow(pod.id, pod.name, pod.name_space); }
Row RowOf(const monitor::GroupLabels& group) { return GroupRow(group.values); }

template <typename Labels>
Level LevelOf(std::string_view name, const monitor::WorkloadList<Labels>& list, size_t zones) {
  Level level{.name = std::string(name), .rows = {}, .series = zones, .figures = {}};
  level.rows.reserve(list.size());
  level.figures.reserve(list.size() * zones);
  for (size_t item = 0; item < list.size(); ++item) {
    const auto place = list.PlaceOf(item);
    const auto workload = list.At(place);
    Row& row = level.rows.emplace_back(RowOf(*workload.labels));
    row.ended = workload.state == monitor::WorkloadState::kTerminated;
    row.cpu_time = workload.cpu_time;
    for (size_t zone = 0; zone < zones; ++zone) level.figures.push_back(Seen(list.At(place, zone)));
  }
  return level;
}

Level SocketsOf(const monitor::Snapshot& snapshot) {
  Level level{.name = kSocketLevel, .rows = {}, .series = 1, .figures = {}};
  for (const monitor::SocketZone& zone : snapshot.socket_zones) {
    level.rows.push_back({.name = zone.name,
                          .id = zone.socket ? std::to_string(*zone.socket) : "",
                          .detail = zone.path,
                          .cpu_time = {}});
    level.figures.push_back(Seen(zone.figures.all));
  }
  return level;
}

}  // namespace

Frame FrameOf(const monitor::Snapshot& snapshot, const std::string& node_name) {
  monitor::EnergyOrigin origin = monitor::EnergyOriginOf(snapshot);
  Frame frame{.epoch = snapshot.epoch,
              .unix_ms = snapshot.unix_ms,
              .duration = snapshot.duration,
              .node_name = node_name,
              .cpu_time_source = snapshot.cpu_time_source,
              .energy_source = std::move(origin.source),
              .energy_measured = origin.measured,
              .usage_ppm = snapshot.usage_ppm,
              .zones = {},
              .primary_zone = snapshot.zones.empty() ? 0 : snapshot.primary_zone,
              .levels = {}};
  for (const monitor::ZoneSeries& zone : snapshot.zones) {
    const monitor::ZoneFigures& figures = zone.figures;
    frame.zones.push_back({zone.name, Seen(figures.all), Seen(figures.active), Seen(figures.idle)});
  }
  const size_t zones = frame.zones.size();
  std::vector<Level> levels;
  levels.push_back(LevelOf("process", snapshot.processes, zones));
  levels.push_back(LevelOf("container", snapshot.containers, zones));
  levels.push_back(LevelOf("vm", snapshot.vms, zones));
  levels.push_back(LevelOf("pod", snapshot.pods, zones));
  for (const monitor::GroupList& list : snapshot.groups) levels.push_back(LevelOf(list.level, list.groups, zones));
  levels.push_back(SocketsOf(snapshot));
  frame.levels = Arranged(std::move(levels));
  return frame;
}

}  // namespace brahe::top
