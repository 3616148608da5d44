#include "userspace/terminal/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "userspace/exposition/test_snapshot.h"
#include "userspace/terminal/summary_lines.h"
#include "userspace/terminal/summary_table.h"

namespace brahe::terminal {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

const std::vector<std::string> kAll = {"node", "process", "container", "vm", "pod"};

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> IdsOf(const SummaryLevel& level) {
  std::vector<std::string> ids;
  for (const SummaryRow& row : level.rows) ids.push_back(row.id);
  return ids;
}

TEST(SummaryTest, RanksByPowerOfThePrimaryZoneAndThenByEnergy) {
  monitor::Snapshot snapshot;
  snapshot.zones = {{"dram", "", {}}, {"package", "", {}}};
  snapshot.primary_zone = 1;
  for (uint32_t pid = 1; pid <= 4; ++pid)
    exposition::AddProcess(snapshot, {pid, "", "", "", "", ""}, monitor::WorkloadState::kRunning, Joules(pid));
  exposition::SetFigure(snapshot.processes, 0, 1, {Joules(1), Watts(9)});
  exposition::SetFigure(snapshot.processes, 1, 1, {Joules(2), Watts(3)});
  exposition::SetFigure(snapshot.processes, 2, 1, {Joules(3), Watts(3)});
  exposition::SetFigure(snapshot.processes, 3, 1, {Joules(400), std::nullopt});
  exposition::SetFigure(snapshot.processes, 3, 0, {Joules(400), Watts(100)});  // of dram, by which nobody ranks here
  EXPECT_THAT(IdsOf(Summarize(snapshot, {"process"})[0]), ElementsAre("1", "3", "2", "4"));
}

TEST(SummaryTest, ListsTenOfTheLevelsThatAreAskedFor) {
  const monitor::Snapshot snapshot = exposition::LargeSnapshot(100);
  const auto levels = Summarize(snapshot, {"process", "pod"});
  ASSERT_THAT(levels, SizeIs(1));  // there is no pod
  EXPECT_EQ(levels[0].count, 100u);
  EXPECT_THAT(levels[0].rows, SizeIs(10));
  EXPECT_EQ(levels[0].rows[0].id, "1099");
  EXPECT_THAT(Summarize(snapshot, {"node", "container"}), SizeIs(0));
}

TEST(SummaryTest, ASnapshotWithoutZonesHasRowsAllTheSame) {
  monitor::Snapshot snapshot;
  exposition::AddProcess(snapshot, {5, "", "", "", "", ""}, monitor::WorkloadState::kRunning, {});
  EXPECT_THAT(SummaryTable(snapshot, kAll, {}), Contains(HasSubstr("5 ")));
  EXPECT_THAT(SummaryLines(snapshot, kAll), HasSubstr("pid=\"5\""));
}

TEST(SummaryLinesTest, EachLineStandsByItself) {
  const auto lines = Split(SummaryLines(exposition::SmallSnapshot(), kAll));
  ASSERT_THAT(lines, SizeIs(8));
  EXPECT_THAT(lines, Each(StartsWith("time=2023-11-14T22:13:20.123Z level=")));
  EXPECT_EQ(lines[0],
            "time=2023-11-14T22:13:20.123Z level=node usage_ratio=0.250000 energy_source=\"rapl\" measured=true "
            "cpu_time_source=\"bpf\" package_watts=4.234567 package_joules=42.345678 package_active_watts=3.000000 "
            "package_active_joules=30.000001 package_idle_watts=1.234567 package_idle_joules=12.345677 "
            "dram_joules=30.000006 dram_active_joules=30.000001 dram_idle_joules=0.000005");
  EXPECT_EQ(lines[1],
            "time=2023-11-14T22:13:20.123Z level=process pid=\"4711\" comm=\"we\\\\ird\\\"\uFFFD\uFFFD\" "
            "exe=\"/opt/caf\u00E9\" type=\"container\" container_id=\"0123456789abcdef\" vm_id=\"\" state=running "
            "package_watts=2.000000 package_joules=20.000000 dram_watts=2.000000 dram_joules=20.000000 "
            "cpu_seconds=1.000000000");
  EXPECT_THAT(lines[7], AllOf(HasSubstr("pod_id=\"pod-2\" pod_name=\"\""), HasSubstr("state=terminated")));
}

TEST(SummaryLinesTest, LevelsThatAreNotChosenAreNotThere) {
  const auto lines = Split(SummaryLines(exposition::SmallSnapshot(), {"vm"}));
  EXPECT_THAT(lines, ElementsAre(HasSubstr("level=vm")));
}

TEST(SummaryTableTest, ShowsNodeZonesAndWorkloads) {
  const auto lines = SummaryTable(exposition::SmallSnapshot(), kAll, {.columns = 200, .rows = 50});
  ASSERT_THAT(lines, SizeIs(19));
  EXPECT_EQ(lines[0], "2023-11-14T22:13:20.123Z  CPU 25.0%  energy: rapl  CPU time: bpf");
  EXPECT_EQ(lines[1], "ZONE                            W     ACTIVE W       IDLE W            J");
  EXPECT_EQ(lines[2], "package                     4.235        3.000        1.235        42.35");
  EXPECT_EQ(lines[3], "dram                            -            -            -        30.00");
  EXPECT_EQ(lines[4], "");
  EXPECT_EQ(
      lines[5],
      "PROCESS (3)          PID          STATE         package W       dram W        CPU S    package J       dram J");
  EXPECT_EQ(
      lines[6],
      "we\\ird\"\uFFFD\uFFFD            4711         running           2.000        2.000         1.00        20.00"
      "        20.00");
  EXPECT_THAT(lines[11], StartsWith("web                  0123456789ab running "));
  EXPECT_THAT(lines[17], StartsWith("shop/web-7f          pod-1        running "));
  EXPECT_THAT(lines[18], StartsWith("-                    pod-2        terminated "));
}

TEST(SummaryTableTest, FitsTheTerminal) {
  monitor::Snapshot snapshot = exposition::LargeSnapshot(30);
  for (int i = 0; i < 30; ++i)
    exposition::AddPod(snapshot, {std::to_string(i), "p", "n"}, monitor::WorkloadState::kRunning, Joules(1));
  const auto lines = SummaryTable(snapshot, kAll, {.columns = 40, .rows = 15});
  EXPECT_THAT(lines, SizeIs(15));
  EXPECT_THAT(lines, Contains(StartsWith("n/p ")).Times(3));  // the levels share the rows
  EXPECT_THAT(lines, Contains(StartsWith("worker-")).Times(3));
  EXPECT_EQ(lines[0], "2023-11-14T22:13:20.123Z  CPU 0.0%") << "as much of it as fits";
  EXPECT_THAT(lines[1], StartsWith("ZONE                 "));
  EXPECT_THAT(SummaryTable(snapshot, kAll, {.columns = 1, .rows = 1}), ElementsAre(""));
}

// Columns on the screen; none of the characters here is wide.
size_t WidthOf(const std::string& line) {
  return static_cast<size_t>(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

TEST(SummaryTableTest, ColumnsGoAndDigitsNever) {
  monitor::Snapshot snapshot;
  snapshot.zones = {{"core", "", {}}, {"package", "", {}}, {"dram", "", {}}};
  for (size_t zone = 0; zone < 3; ++zone) snapshot.zones[zone].figures.all = {Joules(123'456'789), Watts(1234)};
  snapshot.primary_zone = 1;
  exposition::AddProcess(snapshot, {4'194'303, "a name of a process", "", "", "", ""}, monitor::WorkloadState::kRunning,
                         Joules(1));
  for (size_t zone = 0; zone < 3; ++zone) {
    exposition::SetFigure(snapshot.processes, 0, zone, {Joules(1000 * (zone + 1)), Watts(100 + zone)});
  }
  const auto lines = SummaryTable(snapshot, kAll, {.columns = 80, .rows = 24});
  ASSERT_THAT(lines, SizeIs(8));
  EXPECT_EQ(lines[6], "PROCESS (1)          PID          STATE       core W package W CPU S package J");
  EXPECT_EQ(lines[7], "a name of a process  4194303      running    100.000   101.000  0.05   2000.00");
  const std::set<std::string> figures = {"0.05",    "1234.000", "123456789.00", "100.000", "101.000", "102.000",
                                         "1000.00", "2000.00",  "3000.00",      "0.000",   "4194303"};
  for (size_t columns = 0; columns <= 200; ++columns) {
    const auto table = SummaryTable(snapshot, kAll, {.columns = columns, .rows = 24});
    for (size_t i = 1; i < table.size(); ++i) {
      EXPECT_LE(WidthOf(table[i]), columns) << table[i];
      std::istringstream words(table[i]);
      for (std::string word; words >> word;) {
        const bool is_number = word.front() >= '0' && word.front() <= '9';
        EXPECT_TRUE(!is_number || figures.contains(word)) << columns << ": " << word;
      }
    }
  }
}

TEST(SummaryTableTest, NoProcessGetsControlOfTheTerminal) {
  monitor::Snapshot snapshot;
  snapshot.zones = {{"package", "", {}}};
  exposition::AddProcess(snapshot, {1, "\x1b]0;x\x07\xC2\x9B\x31m", "", "", "", ""}, monitor::WorkloadState::kRunning,
                         Joules(1));
  exposition::AddVm(snapshot, {"\x1b[2J", "a\nb", ""}, monitor::WorkloadState::kRunning, Joules(1));
  for (const std::string& line : SummaryTable(snapshot, kAll, {.columns = 200, .rows = 50})) {
    EXPECT_THAT(
        line, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\x07")), Not(HasSubstr("\xC2\x9B")), Not(HasSubstr("\n"))));
  }
}

}  // namespace
}  // namespace brahe::terminal
