#include "userspace/terminal/summary_lines.h"

#include <cctype>
#include <ctime>
#include <string_view>

#include "userspace/base/plain_text.h"
#include "userspace/exposition/exposition.h"
#include "userspace/monitor/energy_origin.h"
#include "userspace/terminal/summary.h"

namespace brahe::terminal {
namespace {

void AppendKey(std::string_view key, std::string& out) { out.append(" ").append(key).push_back('='); }

void AppendText(std::string_view key, std::string_view value, std::string& out) {
  AppendKey(key, out);
  out.push_back('"');
  exposition::AppendEscaped(PlainText(value), out);
  out.push_back('"');
}

// A zone's name comes from the kernel, a key has no blanks.
std::string KeyOf(const monitor::ZoneSeries& zone) {
  std::string key = zone.name;
  for (char& c : key) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-') c = '_';
  }
  return key;
}

void AppendFigure(const std::string& key, const monitor::EnergyFigure& figure, std::string& out) {
  if (figure.power) {
    AppendKey(key + "_watts", out);
    exposition::AppendMillionths(figure.power->value, out);
  }
  AppendKey(key + "_joules", out);
  exposition::AppendMillionths(figure.energy.value, out);
}

void AppendNode(const monitor::Snapshot& snapshot, std::string& out) {
  out.append("time=").append(TimeText(snapshot)).append(" level=node usage_ratio=");
  exposition::AppendMillionths(snapshot.usage_ppm, out);
  const monitor::EnergyOrigin origin = monitor::EnergyOriginOf(snapshot);
  AppendText("energy_source", origin.source, out);
  out.append(origin.measured ? " measured=true" : " measured=false");
  AppendText("cpu_time_source", snapshot.cpu_time_source, out);
  for (const monitor::ZoneSeries& zone : snapshot.zones) {
    const std::string key = KeyOf(zone);
    AppendFigure(key, zone.figures.all, out);
    AppendFigure(key + "_active", zone.figures.active, out);
    AppendFigure(key + "_idle", zone.figures.idle, out);
  }
  out.push_back('\n');
}

void AppendRow(const monitor::Snapshot& snapshot, const std::string& level, const SummaryRow& row, std::string& out) {
  out.append("time=").append(TimeText(snapshot)).append(" level=").append(level);
  for (const auto& [key, value] : row.labels) AppendText(key, value, out);
  out.append(row.state == monitor::WorkloadState::kRunning ? " state=running" : " state=terminated");
  for (size_t zone = 0; zone < snapshot.zones.size(); ++zone) {
    AppendFigure(KeyOf(snapshot.zones[zone]), row.figures[zone], out);
  }
  AppendKey("cpu_seconds", out);
  exposition::AppendBillionths(row.cpu_time.value, out);
  out.push_back('\n');
}

}  // namespace

std::string SummaryLines(const monitor::Snapshot& snapshot, const std::vector<std::string>& levels) {
  std::string out;
  if (IsLevelOf(levels, "node")) AppendNode(snapshot, out);
  for (const SummaryLevel& level : Summarize(snapshot, levels)) {
    for (const SummaryRow& row : level.rows) AppendRow(snapshot, level.level, row, out);
  }
  return out;
}

std::string TimeText(const monitor::Snapshot& snapshot) {
  const auto seconds = static_cast<std::time_t>(snapshot.unix_ms / 1000);
  std::tm utc = {};
  gmtime_r(&seconds, &utc);
  char text[sizeof "9999-12-31T23:59:59"] = {};
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  const std::string milliseconds = std::to_string(1000 + snapshot.unix_ms % 1000);
  return std::string(text) + "." + milliseconds.substr(1) + "Z";
}

}  // namespace brahe::terminal
