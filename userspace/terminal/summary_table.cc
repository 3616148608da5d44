#include "userspace/terminal/summary_table.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "userspace/base/plain_text.h"
#include "userspace/monitor/energy_origin.h"
#include "userspace/terminal/figure_text.h"
#include "userspace/terminal/fitted_table.h"
#include "userspace/terminal/summary.h"
#include "userspace/terminal/summary_lines.h"
#include "userspace/terminal/terminal_text.h"

namespace brahe::terminal {
namespace {

constexpr size_t kNameColumns = 20;
constexpr size_t kIdColumns = 12;  // as much of a container's id as its tools show
constexpr size_t kStateColumns = 10;
constexpr size_t kNumberColumns = 12;

void Append(std::vector<std::string> more, std::vector<std::string>& lines) {
  std::move(more.begin(), more.end(), std::back_inserter(lines));
}

// What is known of the whole, as far as it fits; whole parts are left out.
std::string TitleOf(const monitor::Snapshot& snapshot, size_t columns) {
  const monitor::EnergyOrigin origin = monitor::EnergyOriginOf(snapshot);
  return JoinedParts({TimeText(snapshot), "CPU " + Millionths(snapshot.usage_ppm * 100, 1) + "%",
                      "energy: " + PlainText(origin.source) + (origin.measured ? "" : " (estimated)"),
                      "CPU time: " + PlainText(snapshot.cpu_time_source)},
                     columns);
}

void AddNode(const monitor::Snapshot& snapshot, size_t columns, std::vector<std::string>& lines) {
  lines.push_back(TitleOf(snapshot, columns));
  TableColumn name = TextColumn("ZONE", kNameColumns, 0), power = NumberColumn("W", kNumberColumns, 1),
              active = NumberColumn("ACTIVE W", kNumberColumns, 3), idle = NumberColumn("IDLE W", kNumberColumns, 4),
              energy = NumberColumn("J", kNumberColumns, 2);
  for (const monitor::ZoneSeries& zone : snapshot.zones) {
    const monitor::ZoneFigures& figures = zone.figures;
    name.cells.push_back(PlainText(zone.name));
    power.cells.push_back(PowerText(figures.all.power));
    active.cells.push_back(PowerText(figures.active.power));
    idle.cells.push_back(PowerText(figures.idle.power));
    energy.cells.push_back(EnergyText(figures.all.energy));
  }
  Append(FittedTable({name, power, active, idle, energy}, columns), lines);
}

// Of a level's first `rows`. What goes first where it is narrow: energy and power of the zones by which nobody ranks,
// then CPU time and state.
std::vector<TableColumn> ColumnsOf(const monitor::Snapshot& snapshot, const SummaryLevel& level, size_t rows) {
  const size_t zones = snapshot.zones.size();
  const size_t primary = snapshot.primary_zone;
  TableColumn name = TextColumn(UpperCase(level.level) + " (" + std::to_string(level.count) + ")", kNameColumns, 0);
  TableColumn id = TextColumn(level.level == "process" ? "PID" : "ID", kIdColumns, 2);
  TableColumn state = TextColumn("STATE", kStateColumns, 4);
  TableColumn cpu_time = NumberColumn("CPU S", kNumberColumns, 5);
  std::vector<TableColumn> power, energy;
  for (size_t zone = 0; zone < zones; ++zone) {
    const std::string zone_name = PlainText(snapshot.zones[zone].name);
    power.push_back(NumberColumn(zone_name + " W", kNumberColumns, zone == primary ? 1 : 6 + zone));
    energy.push_back(NumberColumn(zone_name + " J", kNumberColumns, zone == primary ? 3 : 6 + zones + zone));
  }
  for (const SummaryRow& row : std::span(level.rows).first(rows)) {
    name.cells.push_back(row.name.empty() ? "-" : PlainText(row.name));
    id.cells.push_back(PlainText(row.id.substr(0, kIdColumns)));
    state.cells.emplace_back(row.state == monitor::WorkloadState::kRunning ? "running" : "terminated");
    cpu_time.cells.push_back(CpuTimeText(row.cpu_time));
    for (size_t zone = 0; zone < zones; ++zone) {
      power[zone].cells.push_back(PowerText(row.figures[zone].power));
      energy[zone].cells.push_back(EnergyText(row.figures[zone].energy));
    }
  }
  std::vector<TableColumn> columns = {name, id, state};
  columns.insert(columns.end(), power.begin(), power.end());
  columns.push_back(cpu_time);
  columns.insert(columns.end(), energy.begin(), energy.end());
  return columns;
}

// How many rows each level has where all together have `lines` for them and for what stands above them: they take
// turns.
std::vector<size_t> ShareRows(const std::vector<SummaryLevel>& levels, size_t lines) {
  std::vector<size_t> shares(levels.size());
  for (size_t turn = 0; turn < kSummaryRows; ++turn) {
    const size_t cost = turn == 0 ? 3 : 1;  // the first brings an empty line and the head
    for (size_t i = 0; i < levels.size() && lines >= cost; ++i) {
      if (turn >= levels[i].rows.size()) continue;
      ++shares[i];
      lines -= cost;
    }
  }
  return shares;
}

}  // namespace

std::vector<std::string> SummaryTable(const monitor::Snapshot& snapshot, const std::vector<std::string>& levels,
                                      TableSize size) {
  std::vector<std::string> lines;
  if (IsLevelOf(levels, "node")) AddNode(snapshot, size.columns, lines);
  const std::vector<SummaryLevel> summary = Summarize(snapshot, levels);
  const std::vector<size_t> shares = ShareRows(summary, size.rows > lines.size() ? size.rows - lines.size() : 0);
  for (size_t i = 0; i < summary.size(); ++i) {
    if (shares[i] == 0) continue;
    lines.emplace_back();
    Append(FittedTable(ColumnsOf(snapshot, summary[i], shares[i]), size.columns), lines);
  }
  if (lines.size() > size.rows) lines.resize(size.rows);
  return lines;
}

}  // namespace brahe::terminal
