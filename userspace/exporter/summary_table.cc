#include "userspace/exporter/summary_table.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "userspace/base/plain_text.h"
#include "userspace/exporter/summary.h"
#include "userspace/exporter/summary_lines.h"
#include "userspace/exporter/terminal_text.h"

namespace brahe {
namespace {

constexpr size_t kNameColumns = 20;
constexpr size_t kIdColumns = 12;  // as much of a container's id as its tools show
constexpr size_t kStateColumns = 10;
constexpr size_t kNumberColumns = 12;

// `n` millionths with `decimals` decimals.
std::string Number(uint64_t n, int decimals) {
  char text[40];
  std::snprintf(text, sizeof text, "%.*f", decimals, static_cast<double>(n) / 1e6);
  return text;
}

std::string Cell(std::string_view text) { return " " + PadLeft(text, kNumberColumns); }
std::string EnergyCell(const EnergyFigure& figure) { return Cell(Number(figure.energy.value, 2)); }
std::string PowerCell(const EnergyFigure& figure) { return Cell(figure.power ? Number(figure.power->value, 3) : "-"); }

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  return text;
}

void AddNode(const Snapshot& snapshot, std::vector<std::string>& lines) {
  lines.push_back(TimeText(snapshot) + "  CPU " + Number(snapshot.usage_ppm * 100, 1) +
                  "%  energy: " + PlainText(snapshot.energy_source) + (snapshot.energy_measured ? "" : " (estimated)") +
                  "  CPU time: " + PlainText(snapshot.cpu_time_source));
  lines.push_back(PadRight("ZONE", kNameColumns) + Cell("W") + Cell("ACTIVE W") + Cell("IDLE W") + Cell("J"));
  for (const ZoneSeries& zone : snapshot.zones) {
    const ZoneFigures& figures = zone.figures;
    lines.push_back(PadRight(PlainText(zone.name), kNameColumns) + PowerCell(figures.all) + PowerCell(figures.active) +
                    PowerCell(figures.idle) + EnergyCell(figures.all));
  }
}

std::string HeadOf(const Snapshot& snapshot, const SummaryLevel& level) {
  std::string line = PadRight(Upper(level.level) + " (" + std::to_string(level.count) + ")", kNameColumns) + " " +
                     PadRight(level.level == "process" ? "PID" : "ID", kIdColumns) + " " +
                     PadRight("STATE", kStateColumns);
  for (const ZoneSeries& zone : snapshot.zones) line += Cell(PlainText(zone.name) + " W");
  line += Cell("CPU S");
  for (const ZoneSeries& zone : snapshot.zones) line += Cell(PlainText(zone.name) + " J");
  return line;
}

std::string LineOf(const SummaryRow& row) {
  std::string line = PadRight(row.name.empty() ? "-" : PlainText(row.name), kNameColumns) + " " +
                     PadRight(PlainText(row.id.substr(0, kIdColumns)), kIdColumns) + " " +
                     PadRight(row.state == WorkloadState::kRunning ? "running" : "terminated", kStateColumns);
  for (const EnergyFigure& figure : row.figures) line += PowerCell(figure);
  line += Cell(Number(row.cpu_time.value / 1000, 2));
  for (const EnergyFigure& figure : row.figures) line += EnergyCell(figure);
  return line;
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

std::vector<std::string> SummaryTable(const Snapshot& snapshot, const std::vector<std::string>& levels,
                                      TableSize size) {
  std::vector<std::string> lines;
  if (IsLevelOf(levels, "node")) AddNode(snapshot, lines);
  const std::vector<SummaryLevel> summary = Summarize(snapshot, levels);
  const std::vector<size_t> shares = ShareRows(summary, size.rows > lines.size() ? size.rows - lines.size() : 0);
  for (size_t i = 0; i < summary.size(); ++i) {
    if (shares[i] == 0) continue;
    lines.emplace_back();
    lines.push_back(HeadOf(snapshot, summary[i]));
    for (size_t row = 0; row < shares[i]; ++row) lines.push_back(LineOf(summary[i].rows[row]));
  }
  if (lines.size() > size.rows) lines.resize(size.rows);
  for (std::string& line : lines) line = CutToWidth(line, size.columns);
  return lines;
}

}  // namespace brahe
