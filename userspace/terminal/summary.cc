#include "userspace/terminal/summary.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace brahe::terminal {
namespace {

void Describe(const monitor::ProcessLabels& process, SummaryRow& row) {
  row.id = std::to_string(process.pid);
  row.name = process.comm;
  row.labels = {{"pid", row.id},
                {"comm", process.comm},
                {"exe", process.exe.str()},
                {"type", std::string(process.type)},
                {"container_id", process.container_id.str()},
                {"vm_id", process.vm_id.str()}};
}

void Describe(const monitor::ContainerLabels& container, SummaryRow& row) {
  row.id = container.id;
  row.name = container.name;
  row.labels = {{"container_id", container.id},
                {"container_name", container.name},
                {"runtime", container.runtime},
                {"pod_id", container.pod_id}};
}

void Describe(const monitor::VmLabels& vm, SummaryRow& row) {
  row.id = vm.id;
  row.name = vm.name;
  row.labels = {{"vm_id", vm.id}, {"vm_name", vm.name}, {"hypervisor", vm.hypervisor}};
}

void Describe(const monitor::PodLabels& pod, SummaryRow& row) {
  row.id = pod.id;
  row.name = pod.name_space.empty() ? pod.name : pod.name_space + "/" + pod.name;
  row.labels = {{"pod_id", pod.id}, {"pod_name", pod.name}, {"pod_namespace", pod.name_space}};
}

// The indices of the first kSummaryRows.
template <typename Labels>
std::vector<size_t> Rank(const monitor::WorkloadList<Labels>& list, size_t zones, size_t primary) {
  std::vector<size_t> ranking(list.size());
  std::iota(ranking.begin(), ranking.end(), 0);
  if (zones == 0) {
    ranking.resize(std::min(ranking.size(), kSummaryRows));
    return ranking;
  }
  const auto standing = [&](size_t item) {
    const monitor::EnergyFigure figure = list.At(item, primary);
    return std::tuple(figure.power.value_or(Microwatts()), figure.energy);
  };
  const auto end = ranking.begin() + static_cast<ptrdiff_t>(std::min(ranking.size(), kSummaryRows));
  std::partial_sort(ranking.begin(), end, ranking.end(), [&](size_t a, size_t b) {
    const auto of_a = standing(a);
    const auto of_b = standing(b);
    return of_a != of_b ? of_b < of_a : a < b;
  });
  ranking.erase(end, ranking.end());
  return ranking;
}

template <typename Labels>
void AddLevel(const monitor::Snapshot& snapshot, const char* level, const monitor::WorkloadList<Labels>& list,
              const std::vector<std::string>& levels, std::vector<SummaryLevel>& out) {
  if (!IsLevelOf(levels, level) || list.empty()) return;
  const size_t zones = snapshot.zones.size();
  SummaryLevel& added = out.emplace_back(SummaryLevel{.level = level, .count = list.size(), .rows = {}});
  for (const size_t item : Rank(list, zones, snapshot.primary_zone)) {
    SummaryRow& row = added.rows.emplace_back();
    Describe(*list[item].labels, row);
    row.state = list[item].state;
    row.cpu_time = list[item].cpu_time;
    for (size_t zone = 0; zone < zones; ++zone) row.figures.push_back(list.At(item, zone));
  }
}

}  // namespace

std::vector<SummaryLevel> Summarize(const monitor::Snapshot& snapshot, const std::vector<std::string>& levels) {
  std::vector<SummaryLevel> summary;
  AddLevel(snapshot, "process", snapshot.processes, levels, summary);
  AddLevel(snapshot, "container", snapshot.containers, levels, summary);
  AddLevel(snapshot, "vm", snapshot.vms, levels, summary);
  AddLevel(snapshot, "pod", snapshot.pods, levels, summary);
  return summary;
}

bool IsLevelOf(const std::vector<std::string>& levels, const std::string& level) {
  return std::find(levels.begin(), levels.end(), level) != levels.end();
}

}  // namespace brahe::terminal
