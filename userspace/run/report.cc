#include "userspace/run/report.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "userspace/base/plain_text.h"
#include "userspace/run/statistics.h"

namespace brahe::run {
namespace {

using Json = nlohmann::ordered_json;

double Joules(Microjoules energy) { return static_cast<double>(energy.value) / 1e6; }
double Watts(Microwatts power) { return static_cast<double>(power.value) / 1e6; }
double Seconds(Nanoseconds time) { return static_cast<double>(time.value) / 1e9; }

double Share(Microjoules part, Microjoules whole) {
  return whole.value == 0 ? 0 : static_cast<double>(part.value) / static_cast<double>(whole.value);
}

std::string Fixed(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

// With four digits at least, as a person reads it.
std::string Number(double value) {
  return Fixed(value, value < 1 ? 4 : value < 10 ? 3 : value < 100 ? 2 : value < 1000 ? 1 : 0);
}

// As one would type it into a shell.
std::string Spelt(const std::vector<std::string>& command) {
  std::string text;
  for (const std::string& argument : command) {
    const bool is_plain = !argument.empty() && std::all_of(argument.begin(), argument.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 ||
             std::string_view("_-./=:,+@%").find(static_cast<char>(c)) != std::string_view::npos;
    });
    std::string quoted = argument;
    for (size_t at = 0; (at = quoted.find('\'', at)) != std::string::npos; at += 4) quoted.replace(at, 1, "'\\''");
    text += (text.empty() ? "" : " ") + (is_plain ? argument : "'" + quoted + "'");
  }
  return PlainLine(text);
}

// Cells of text; the first of each row is a name, the others are numbers.
struct Table {
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};

std::string Aligned(const Table& table) {
  std::vector<size_t> widths(table.head.size());
  std::vector<std::vector<std::string>> lines = table.rows;
  lines.insert(lines.begin(), table.head);
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string text;
  for (const auto& line : lines) {
    std::string row = "  ";
    for (size_t i = 0; i < line.size(); ++i) {
      const std::string blanks(widths[i] - line[i].size(), ' ');
      row += i == 0 ? line[i] + blanks : "  " + blanks + line[i];
    }
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + "\n";
  }
  return text;
}

std::string OfMarkdown(const Table& table) {
  const auto line = [](const std::vector<std::string>& cells) {
    std::string text = "|";
    for (const std::string& cell : cells) text += " " + cell + " |";
    return text + "\n";
  };
  std::string text = line(table.head) + "|---|";
  for (size_t i = 1; i < table.head.size(); ++i) text += "---:|";
  text += "\n";
  for (const auto& row : table.rows) text += line(row);
  return text;
}

Table ZonesOf(const RunFigures& run) {
  Table table{.head = {"zone", "joules", "+-", "mean W", "peak W", "of node", "node J", "of it idle"}, .rows = {}};
  for (const ZoneRun& zone : run.zones) {
    const bool known = zone.known;
    const auto cell = [known](double value) { return known ? Number(value) : "?"; };
    table.rows.push_back({zone.zone, cell(Joules(zone.energy)), known && zone.error ? Number(Joules(*zone.error)) : "?",
                          cell(Watts(zone.mean)), cell(Watts(zone.peak)),
                          known ? Fixed(100 * Share(zone.energy, zone.node), 1) + " %" : "?", cell(Joules(zone.node)),
                          cell(Joules(zone.node_idle))});
  }
  return table;
}

// Runs are numbered from 1.
std::string Numbers(const std::vector<size_t>& runs) {
  std::string text;
  for (const size_t run : runs) text += (text.empty() ? "" : ",") + std::to_string(run + 1);
  return text;
}

// The largest error of a zone in all runs; nullopt: of a time, or not known.
std::optional<Microjoules> ErrorOf(const Series& series, const Measure& measure) {
  std::optional<Microjoules> largest;
  for (const RunFigures& run : series.runs) {
    for (const ZoneRun& zone : run.zones) {
      if (measure.unit == "J" && zone.zone == measure.name && zone.error) {
        largest = std::max(largest.value_or(Microjoules{}), *zone.error);
      }
    }
  }
  return largest;
}

Table StatisticsOf(const Series& series) {
  Table table{.head = {"measure", "mean", "deviation", "minimum", "median", "maximum", "+- of one", "outliers"},
              .rows = {}};
  for (const Measure& measure : MeasuresOf(series)) {
    const Summary summary = Summarize(measure.values);
    const auto error = ErrorOf(series, measure);
    table.rows.push_back({measure.name + " " + measure.unit, Number(summary.mean), Number(summary.deviation),
                          Number(summary.minimum), Number(summary.median), Number(summary.maximum),
                          error ? Number(Joules(*error)) : "", Numbers(summary.outliers)});
  }
  return table;
}

struct Comparison {
  Measure measure;  // of the second command
  Ratio ratio;      // the second to the first
};

// Of what both have; none where there are not two commands.
std::vector<Comparison> ComparisonsOf(const Report& report) {
  std::vector<Comparison> comparisons;
  if (report.series.size() != 2) return comparisons;
  const std::vector<Measure> base = MeasuresOf(report.series[0]);
  for (const Measure& measure : MeasuresOf(report.series[1])) {
    const auto same = std::find_if(base.begin(), base.end(), [&](const Measure& m) { return m.name == measure.name; });
    if (same == base.end()) continue;
    // An interrupt may have come between the two.
    const size_t pairs = std::min(same->values.size(), measure.values.size());
    const auto ratio = Compare(std::span(same->values).first(pairs), std::span(measure.values).first(pairs));
    if (ratio) comparisons.push_back({measure, *ratio});
  }
  return comparisons;
}

std::string HeadOf(const Series& series) {
  const RunFigures& first = series.runs.front();
  const auto failed =
      std::count_if(series.runs.begin(), series.runs.end(), [](const RunFigures& run) { return run.exit_status != 0; });
  if (series.runs.size() == 1) {
    return Spelt(series.command) + ": exit status " + std::to_string(first.exit_status) + ", " +
           Number(Seconds(first.elapsed)) + " s elapsed, " + Number(Seconds(first.cpu_time)) + " s of CPU time";
  }
  return Spelt(series.command) + ": " + std::to_string(series.runs.size()) + " runs" +
         (failed == 0 ? "" : ", of which " + std::to_string(failed) + " failed");
}

std::string LeftRunning(const Series& series) {
  std::string names;
  for (const RunFigures& run : series.runs) {
    for (const LeftProcess& process : run.left_running) {
      names += (names.empty() ? "" : ", ") + PlainText(process.comm) + " (" + std::to_string(process.pid) + ")";
    }
  }
  return names;
}

std::string ReportWith(const Report& report, std::string (*spelt)(const Table&), const std::string& title,
                       const std::string& item) {
  std::string text;
  for (const Series& series : report.series) {
    const bool single = series.runs.size() == 1;
    text +=
        title + HeadOf(series) + "\n\n" + spelt(single ? ZonesOf(series.runs.front()) : StatisticsOf(series)) + "\n";
    if (const std::string left = LeftRunning(series); !left.empty()) {
      text += "Still running, and counted until the end of the run: " + left + "\n\n";
    }
  }
  const std::vector<Comparison> comparisons = ComparisonsOf(report);
  if (!comparisons.empty()) text += "The second command in terms of the first:\n\n";
  for (const auto& [measure, ratio] : comparisons) {
    text += item + measure.name + ": " + Fixed(ratio.ratio, 3) + " times";
    if (ratio.low) text += " (" + Fixed(*ratio.low, 3) + " to " + Fixed(*ratio.high, 3) + ", with 95 % confidence)";
    text += "\n";
  }
  if (!comparisons.empty()) text += "\n";
  const Origin& origin = report.origin;
  text += (origin.measured ? "Energy measured by " : "Energy is an estimate, by ") + origin.energy_source +
          "; CPU time counted by " + origin.cpu_time_source + "\n";
  return text;
}

// Of RFC 4180.
std::string CsvCell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

Json ZoneJson(const ZoneRun& zone) {
  Json json = {{"zone", zone.zone}};
  const auto set = [&](const char* name, double value) { json[name] = zone.known ? Json(value) : Json(nullptr); };
  set("joules", Joules(zone.energy));
  json["error_joules"] = zone.known && zone.error ? Json(Joules(*zone.error)) : Json(nullptr);
  set("mean_watts", Watts(zone.mean));
  set("peak_watts", Watts(zone.peak));
  set("node_joules", Joules(zone.node));
  set("node_idle_joules", Joules(zone.node_idle));
  set("share_of_node", Share(zone.energy, zone.node));
  return json;
}

Json RunJson(const RunFigures& run) {
  Json json = {{"exit_status", run.exit_status},
               {"elapsed_seconds", Seconds(run.elapsed)},
               {"cpu_seconds", Seconds(run.cpu_time)},
               {"measured_seconds", Seconds(run.measured)},
               {"zones", Json::array()},
               {"left_running", Json::array()}};
  for (const ZoneRun& zone : run.zones) json["zones"].push_back(ZoneJson(zone));
  for (const LeftProcess& process : run.left_running) {
    json["left_running"].push_back({{"pid", process.pid}, {"comm", process.comm}});
  }
  return json;
}

Json StatisticsJson(const Measure& measure) {
  const Summary summary = Summarize(measure.values);
  Json json = {{"measure", measure.name},        {"unit", measure.unit},         {"mean", summary.mean},
               {"deviation", summary.deviation}, {"minimum", summary.minimum},   {"median", summary.median},
               {"maximum", summary.maximum},     {"outlier_runs", Json::array()}};
  for (const size_t run : summary.outliers) json["outlier_runs"].push_back(run + 1);
  return json;
}

}  // namespace

std::string TextReport(const Report& report) { return "\n" + ReportWith(report, Aligned, "", "  "); }

std::string MarkdownReport(const Report& report) { return ReportWith(report, OfMarkdown, "### ", "- "); }

std::string CsvReport(const Report& report) {
  std::string text =
      "command,run,exit_status,elapsed_seconds,cpu_seconds,measured_seconds,zone,joules,error_joules,mean_watts,"
      "peak_watts,node_joules,node_idle_joules\n";
  for (const Series& series : report.series) {
    for (size_t i = 0; i < series.runs.size(); ++i) {
      const RunFigures& run = series.runs[i];
      for (const ZoneRun& zone : run.zones) {
        text += CsvCell(Spelt(series.command)) + "," + std::to_string(i + 1) + "," + std::to_string(run.exit_status);
        for (const Nanoseconds time : {run.elapsed, run.cpu_time, run.measured}) text += "," + Fixed(Seconds(time), 9);
        text += "," + CsvCell(zone.zone);
        const auto add = [&](bool known, double value) { text += "," + (known ? Fixed(value, 6) : ""); };
        add(zone.known, Joules(zone.energy));
        add(zone.known && zone.error, Joules(zone.error.value_or(Microjoules{})));
        add(zone.known, Watts(zone.mean));
        add(zone.known, Watts(zone.peak));
        add(zone.known, Joules(zone.node));
        add(zone.known, Joules(zone.node_idle));
        text += "\n";
      }
    }
  }
  return text;
}

std::string JsonReport(const Report& report) {
  const Origin& origin = report.origin;
  Json json = {{"brahe", origin.version},
               {"energy_source", origin.energy_source},
               {"energy_measured", origin.measured},
               {"cpu_time_source", origin.cpu_time_source},
               {"commands", Json::array()}};
  for (const Series& series : report.series) {
    Json of_command = {{"command", series.command}, {"runs", Json::array()}, {"statistics", Json::array()}};
    for (const RunFigures& run : series.runs) of_command["runs"].push_back(RunJson(run));
    for (const Measure& measure : MeasuresOf(series)) of_command["statistics"].push_back(StatisticsJson(measure));
    json["commands"].push_back(std::move(of_command));
  }
  json["comparison"] = Json::array();
  for (const auto& [measure, ratio] : ComparisonsOf(report)) {
    json["comparison"].push_back({{"measure", measure.name},
                                  {"ratio", ratio.ratio},
                                  {"low", ratio.low ? Json(*ratio.low) : Json(nullptr)},
                                  {"high", ratio.high ? Json(*ratio.high) : Json(nullptr)}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace brahe::run
