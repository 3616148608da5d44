#include "userspace/top/draw.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <span>
#include <string_view>
#include <utility>

#include "userspace/base/plain_text.h"
#include "userspace/base/utf8.h"
#include "userspace/base/values.h"
#include "userspace/terminal/figure_text.h"
#include "userspace/terminal/fitted_table.h"
#include "userspace/terminal/terminal_text.h"

namespace brahe::top {
namespace {

using terminal::NumberColumn;
using terminal::TableColumn;
using terminal::TextColumn;

constexpr size_t kFewRows = 20;  // a screen with fewer shows one zone only
constexpr size_t kMaxZones = 6;
constexpr size_t kWideScreen = 110;  // from here on details are shown
constexpr size_t kVeryWideScreen = 160;
constexpr size_t kNumberWidth = 10;
constexpr size_t kIdWidth = 12;  // as much of a container's id as its tools show
constexpr size_t kNumericIdWidth = 7;
constexpr size_t kLeastName = 16;
constexpr size_t kMostName = 60;
constexpr size_t kLeastForSpark = 60;

constexpr std::array<std::string_view, 8> kBars = {"\u2581", "\u2582", "\u2583", "\u2584",
                                                   "\u2585", "\u2586", "\u2587", "\u2588"};
constexpr std::array<std::string_view, 8> kAsciiBars = {"_", ".", ":", "-", "=", "+", "*", "#"};

constexpr std::string_view kHelp[] = {
    "  j k, down up            a row down, up",
    "  ^F ^B, PgDn PgUp        a page down, up; ^D ^U half a page",
    "  g G, Home End           the first row, the last",
    "  h l, left right, Tab    the level before, the one after; 1 to 9: that one",
    "  t                       the tree: pods, containers, processes; and back",
    "  < >                     sort by the column before, by the one after",
    "  r                       sort the other way round",
    "  z                       watts and joules of the next zone",
    "  /                       filter by name, id or detail: Enter keeps, Esc clears",
    "  space                   pause, and go on",
    "  [ ]                     in a replay: a frame back, on",
    "  { }                     in a replay: a minute back, on",
    "  ^L                      draw the screen anew",
    "  ?, F1                   this help; any key leaves it",
    "  q, ^C                   quit",
    "",
    "  W is the mean over the last epoch, J what was used since the count began.",
    "  The bars are W of the last minutes, each row by its own highest.",
    "  (-) has ended. * is the zone that the table shows.",
};

// `text` with an ASCII character for each other one.
std::string Ascii(std::string_view text) {
  std::string ascii;
  while (!text.empty()) {
    const size_t length = std::max<size_t>(Utf8SequenceLength(text), 1);
    const std::string_view character = text.substr(0, length);
    const auto bar = std::find(kBars.begin(), kBars.end(), character);
    if (bar != kBars.end()) {
      ascii += kAsciiBars[static_cast<size_t>(bar - kBars.begin())];
    } else if (character == "\u2026") {
      ascii += '~';
    } else {
      ascii += length == 1 ? character : "?";
    }
    text.remove_prefix(length);
  }
  return ascii;
}

// By its own highest; what is more than nothing is seen. As wide as `cells`.
std::string Spark(const std::vector<double>& powers, size_t cells) {
  std::string spark(cells - std::min(cells, powers.size()), ' ');
  const double highest = powers.empty() ? 0 : *std::max_element(powers.begin(), powers.end());
  for (const double power : powers) {
    if (power <= 0) {
      spark += ' ';
      continue;
    }
    const auto bar = static_cast<size_t>(std::ceil(power / highest * static_cast<double>(kBars.size())));
    spark += kBars[std::clamp<size_t>(bar, 1, kBars.size()) - 1];
  }
  return spark;
}

size_t SparkCells(size_t columns) {
  if (columns < kLeastForSpark) return 0;
  if (columns < kWideScreen) return 12;
  return columns < kVeryWideScreen ? 20 : History::kCells;
}

// What the cells of a spark cover: "LAST 60 s".
std::string SparkHead(const Frame& frame, size_t cells) {
  const double seconds =
      static_cast<double>(frame.duration.value) / 1e9 * static_cast<double>(cells * History::kFramesOfCell);
  const bool in_minutes = seconds >= 120;
  return "LAST " + std::to_string(std::lround(in_minutes ? seconds / 60 : seconds)) + (in_minutes ? " MIN" : " S");
}

std::string TimeOf(const Frame& frame) {
  const auto seconds = static_cast<std::time_t>(frame.unix_ms / 1000);
  std::tm utc = {};
  gmtime_r(&seconds, &utc);
  char text[sizeof "23:59:59Z"] = {};
  std::strftime(text, sizeof text, "%H:%M:%SZ", &utc);
  return text;
}

std::string TitleOf(const Frame& frame, const Around& around, size_t columns) {
  const std::string estimated = frame.energy_measured ? "" : " (estimated)";
  return terminal::JoinedParts(
      {"brahe top", around.mode, TimeOf(frame), "CPU " + terminal::Millionths(frame.usage_ppm * 100, 1) + "%",
       PlainText(frame.node_name, 30), "energy: " + PlainText(frame.energy_source, 20) + estimated,
       "CPU time: " + PlainText(frame.cpu_time_source, 20)},
      columns);
}

// The zones that are shown: all, or the one that is looked at.
std::vector<size_t> ZonesOf(const View& view, size_t rows) {
  const size_t count = view.frame().zones.size();
  if (count == 0) return {};
  if (rows < kFewRows) return {view.zone()};
  std::vector<size_t> zones;
  for (size_t zone = 0; zone < count; ++zone) {
    if (zone < kMaxZones - 1 || zone == view.zone()) zones.push_back(zone);
  }
  return zones;
}

// A table with a spark beside each row; `sparks` are by row.
std::vector<std::string> WithSparks(std::vector<TableColumn> table, const std::string& head,
                                    const std::vector<std::string>& sparks, size_t cells, size_t columns) {
  std::vector<std::string> lines = terminal::FittedTable(std::move(table), cells == 0 ? columns : columns - cells - 1);
  if (cells == 0) return lines;
  lines[0] += " " + terminal::PadLeft(head, cells);
  for (size_t row = 0; row < sparks.size(); ++row) lines[row + 1] += " " + sparks[row];
  return lines;
}

void AddNode(const View& view, const Screen& screen, std::vector<Line>& lines) {
  const size_t columns = screen.size.columns;
  const size_t cells = SparkCells(columns);
  TableColumn name = TextColumn("ZONE", kLeastName, 0), power = NumberColumn("W", kNumberWidth, 1),
              active = NumberColumn("ACTIVE W", kNumberWidth, 3), idle = NumberColumn("IDLE W", kNumberWidth, 4),
              energy = NumberColumn("J", kNumberWidth + 2, 2);
  std::vector<std::string> sparks;
  for (const size_t index : ZonesOf(view, screen.size.rows)) {
    const FrameZone& zone = view.frame().zones[index];
    name.cells.push_back(PlainText(zone.name) + (index == view.zone() ? " *" : ""));
    power.cells.push_back(terminal::PowerText(zone.all.power));
    active.cells.push_back(terminal::PowerText(zone.active.power));
    idle.cells.push_back(terminal::PowerText(zone.idle.power));
    energy.cells.push_back(terminal::EnergyText(zone.all.energy));
    sparks.push_back(Spark(view.history().OfNode(index, cells), cells));
  }
  for (std::string& line :
       WithSparks({name, power, active, idle, energy}, SparkHead(view.frame(), cells), sparks, cells, columns)) {
    lines.push_back({std::move(line)});
  }
}

// The levels with how many each has, from so far on that the chosen one is in sight.
std::string TabsOf(const View& view, size_t columns) {
  std::vector<std::string> tabs;
  size_t chosen = 0;
  for (const Level& level : view.frame().levels) {
    const std::string text = PlainText(level.name, 20) + " " + std::to_string(level.rows.size());
    const bool is_chosen = level.name == view.level();
    if (is_chosen) chosen = tabs.size();
    tabs.push_back(is_chosen ? "[" + text + "]" : text);
  }
  if (view.level() == kTreeLevel) {
    chosen = tabs.size();
    tabs.push_back("[" + std::string(kTreeLevel) + "]");
  }
  for (size_t left_out = 0;; ++left_out) {
    const std::vector<std::string> shown(tabs.begin() + static_cast<std::ptrdiff_t>(left_out), tabs.end());
    std::string line = terminal::JoinedParts(shown, columns);
    if (left_out >= chosen || line.find('[') != std::string::npos) return line;
  }
}

std::string Marked(const std::string& head, bool is_sorted_by, bool reversed) {
  return is_sorted_by ? head + (reversed ? "^" : "v") : head;
}

std::string NameOf(const Row& row) {
  return std::string(2 * row.depth, ' ') + (row.ended ? "(-) " : "") + PlainText(row.name, 200);
}

// `rows` of the level's, as they are on the screen.
std::vector<std::string> TableOf(const View& view, const Level& level, std::span<const size_t> rows, size_t columns) {
  const Frame& frame = view.frame();
  const bool is_socket = level.name == kSocketLevel;
  const bool has_details = columns >= kWideScreen && std::any_of(level.rows.begin(), level.rows.end(),
                                                                 [](const Row& row) { return !row.detail.empty(); });
  const size_t cells = SparkCells(columns);
  const auto head = [&](const std::string& text, Sort sort) {
    return Marked(text, view.sort() == sort, view.reversed());
  };
  const std::string zone = is_socket || frame.zones.empty() ? "" : PlainText(frame.zones[view.zone()].name, 20) + " ";
  const size_t id_width = is_socket || level.name == "process" ? kNumericIdWidth : kIdWidth;
  // Where it is narrow, long ids leave their room to names.
  const bool has_ids =
      (id_width == kNumericIdWidth || columns >= kWideScreen) &&
      std::any_of(level.rows.begin(), level.rows.end(), [](const Row& row) { return !row.id.empty(); });
  const std::string id_head = level.name == "process" ? "PID" : is_socket ? "SOCKET" : "ID";
  TableColumn name = TextColumn(head(terminal::UpperCase(PlainText(level.name, 20)), Sort::kName), kLeastName, 0),
              id = TextColumn(head(id_head, Sort::kId), id_width, 3),
              power = NumberColumn(head(zone + "W", Sort::kPower), kNumberWidth, 1),
              energy = NumberColumn(head(zone + "J", Sort::kEnergy), kNumberWidth, 2),
              cpu_time = NumberColumn(head("CPU S", Sort::kCpuTime), kNumberWidth, 4),
              detail = TextColumn("DETAIL", 0, 5);
  std::vector<std::string> sparks;
  for (const size_t index : rows) {
    const Row& row = level.rows[index];
    const Figure& figure = level.FigureOf(index, view.zone());
    name.cells.push_back(NameOf(row));
    id.cells.push_back(PlainText(row.id.substr(0, id_width)));
    power.cells.push_back(terminal::PowerText(figure.power));
    energy.cells.push_back(terminal::EnergyText(figure.energy));
    cpu_time.cells.push_back(terminal::CpuTimeText(row.cpu_time));
    detail.cells.push_back(PlainText(row.detail, 200));
    sparks.push_back(Spark(
        view.history().Of(row.level.empty() ? level.name : row.level, row, is_socket ? 0 : view.zone(), cells), cells));
  }
  // Names, and details after them, take what the others leave.
  const size_t others =
      2 * (kNumberWidth + 4) + (is_socket ? 0 : kNumberWidth + 1) + (has_ids ? id_width + 1 : 0) + cells + 1;
  const size_t left = columns > others ? columns - others : 0;
  name.width = std::clamp(has_details ? left / 2 : left, kLeastName, kMostName);
  detail.width = left > name.width + 1 ? std::min(left - name.width - 1, kMostName) : 0;
  std::vector<TableColumn> table = {name};
  if (has_ids) table.push_back(id);
  if (has_details && detail.width > 0) table.push_back(detail);
  table.push_back(power);
  table.push_back(energy);
  if (!is_socket) table.push_back(cpu_time);
  return WithSparks(std::move(table), SparkHead(frame, cells), sparks, cells, columns);
}

std::string SortName(Sort sort) {
  switch (sort) {
    case Sort::kName:
      return "name";
    case Sort::kId:
      return "id";
    case Sort::kPower:
      return "watts";
    case Sort::kEnergy:
      return "joules";
    case Sort::kCpuTime:
      return "CPU time";
  }
  return "";
}

Line LastLine(const View& view, const Around& around, size_t columns) {
  const std::string filter = PlainText(view.filter());
  if (view.is_editing()) return {terminal::CutToWidth("/" + filter + "_", columns), Style::kNotice};
  if (!around.notice.empty()) return {terminal::CutToWidth(PlainLine(around.notice), columns), Style::kNotice};
  const std::string place =
      std::to_string(view.order().empty() ? 0 : view.cursor() + 1) + "/" + std::to_string(view.order().size());
  std::vector<std::string> parts = {place, "by " + SortName(view.sort()) + (view.reversed() ? ", reversed" : "")};
  if (!filter.empty()) parts.push_back("filter: " + filter + " (Esc clears)");
  for (const char* hint : {"? help", "q quit", "/ filter", "< > sort", "h l level", "z zone"}) parts.emplace_back(hint);
  return {terminal::JoinedParts(parts, columns), Style::kNotice};
}

// What stands above the table's rows, and the rows from `first` on, `count` of them.
std::vector<Line> Upper(const View& view, const Around& around, const Screen& screen, std::span<const size_t> rows) {
  const size_t columns = screen.size.columns;
  std::vector<Line> lines = {{TitleOf(view.frame(), around, columns), Style::kTitle}};
  AddNode(view, screen, lines);
  lines.push_back({TabsOf(view, columns)});
  const Level nobody{.name = view.level(), .rows = {}, .figures = {}};
  const Level* level = view.table();
  std::vector<std::string> table = TableOf(view, level == nullptr ? nobody : *level, rows, columns);
  lines.push_back({std::move(table.front()), Style::kHead});
  for (size_t i = 1; i < table.size(); ++i) {
    lines.push_back({std::move(table[i]), level->rows[rows[i - 1]].ended ? Style::kEnded : Style::kPlain});
  }
  return lines;
}

void MakeAscii(const Screen& screen, std::vector<Line>& lines) {
  if (screen.has_unicode) return;
  for (Line& line : lines) line.text = Ascii(line.text);
}

// Title, head of the zones, levels, head of the table, and the last line.
size_t FixedLines(const View& view, const Screen& screen) { return 5 + ZonesOf(view, screen.size.rows).size(); }

}  // namespace

size_t RoomOf(const View& view, const Screen& screen) {
  const size_t fixed = FixedLines(view, screen);
  return screen.size.rows > fixed ? screen.size.rows - fixed : 0;
}

std::vector<Line> Draw(const View& view, const Around& around, const Screen& screen) {
  const auto [columns, rows] = screen.size;
  std::vector<Line> lines;
  if (view.shows_help()) {
    lines.push_back({terminal::CutToWidth("brahe top: keys", columns), Style::kTitle});
    for (const std::string_view line : kHelp) lines.push_back({terminal::CutToWidth(line, columns)});
  } else {
    const std::span<const size_t> order = view.order();
    const std::span<const size_t> after_first = order.subspan(std::min(view.first(), order.size()));
    lines = Upper(view, around, screen, after_first.first(std::min(after_first.size(), RoomOf(view, screen))));
    const size_t marked = FixedLines(view, screen) - 1 + view.cursor() - view.first();
    if (!order.empty() && marked < lines.size()) lines[marked].style = Style::kCursor;
  }
  lines.resize(rows == 0 ? 0 : rows - 1);
  if (rows > 0) lines.push_back(LastLine(view, around, columns));
  MakeAscii(screen, lines);
  return lines;
}

std::string Printed(const View& view, const Around& around, size_t columns, bool has_unicode) {
  const Screen screen{.size = {.columns = columns, .rows = kFewRows}, .has_unicode = has_unicode};
  std::vector<size_t> rows;
  if (const Level* level = view.table()) {
    for (const size_t row : view.order()) {
      if (level->FigureOf(row, view.zone()).energy.value > 0) rows.push_back(row);
    }
  }
  std::vector<Line> lines = Upper(view, around, screen, rows);
  MakeAscii(screen, lines);
  std::string text;
  for (const Line& line : lines) text += line.text.substr(0, line.text.find_last_not_of(' ') + 1) + "\n";
  return text;
}

}  // namespace brahe::top
