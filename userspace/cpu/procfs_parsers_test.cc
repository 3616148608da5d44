#include "userspace/cpu/procfs_parsers.h"

#include <gtest/gtest.h>

namespace brahe {
namespace {

// Fields 3 to 52 of a child of process 1 that has used 20 + 30 ticks, started at tick 5000 and ran on CPU 6.
constexpr char kTail[] =
    " S 1 2 3 0 -1 4194560 1 2 3 4 20 30 700 800 20 0 1 0 5000 1 2 3 4 5 6 7 8 9 10 11 12 0 0 0 17 6 0 0 0 0 0 "
    "0 0 0 0 0 0 0 0\n";

std::string CommOf(const std::string& comm) {
  ProcessStat stat;
  return ParseProcessStat("42 (" + comm + ")" + kTail, stat) ? stat.comm : "(malformed)";
}

TEST(ProcfsParsersTest, ReadsAProcess) {
  ProcessStat stat;
  ASSERT_TRUE(ParseProcessStat(std::string("42 (init)") + kTail, stat));
  EXPECT_EQ(stat.comm, "init");
  EXPECT_EQ(stat.state, 'S');
  EXPECT_EQ(stat.parent, 1U);
  EXPECT_EQ(stat.flags, 4194560U);
  EXPECT_EQ(stat.cpu_ticks, 50U);
  EXPECT_EQ(stat.start_ticks, 5000U);
  EXPECT_EQ(stat.cpu, 6U);
}

TEST(ProcfsParsersTest, ANameMayHoldAnyBytes) {
  for (const std::string comm : {"a b", ") S 1 (", "", "((", "))", "x\ny", "\xff\xfe", "1 2 3"}) {
    EXPECT_EQ(CommOf(comm), comm);
  }
  EXPECT_EQ(CommOf(std::string("a\0b", 3)), std::string("a\0b", 3));
}

TEST(ProcfsParsersTest, UndoesTheKernelsEscapesAndAdditions) {
  EXPECT_EQ(CommOf("a\\nb\\\\c"), "a\nb\\c");
  EXPECT_EQ(CommOf("a\\"), "a\\");
  EXPECT_EQ(CommOf("kworker/u8:2+events_unbound"), "kworker/u8:2");
  EXPECT_EQ(CommOf("kworker/0:1H-kblockd"), "kworker/0:1H");
  EXPECT_EQ(CommOf("a-name-that-is-far-too-long"), "a-name-that-is-");
}

TEST(ProcfsParsersTest, RefusesEveryCutOfALine) {
  const std::string whole = std::string("42 (init)") + kTail;
  const size_t cpu_field = whole.find(" 17 6 ") + 4;
  ProcessStat stat;
  for (size_t length = 0; length <= cpu_field; ++length) {
    EXPECT_FALSE(ParseProcessStat(whole.substr(0, length), stat)) << length;
  }
  for (const char* garbage : {")(", "()", "1 (a) S", "1 (a) S x x x x x x x x x x x x", "\n\n"}) {
    EXPECT_FALSE(ParseProcessStat(garbage, stat)) << garbage;
  }
}

TEST(ProcfsParsersTest, ReadsTheIdleTimeOfEachCpuAndNotTheirSum) {
  std::vector<CpuIdle> cpus;
  ParseCpuIdle(
      "cpu  1 2 3 1000 50 6 7 8 9 10\n"
      "cpu0 1 2 3 400 20 6 7 8 9 10\n"
      "cpuX 1 2 3 4 5\n"
      "cpu1 1 2 3 broken\n"
      "cpu12 1 2 3 600 30\n"
      "intr 5 6\ncpu13 1 2 3 4 5\n",
      cpus);
  ASSERT_EQ(cpus.size(), 2U);
  EXPECT_EQ(cpus[0].cpu, 0U);
  EXPECT_EQ(cpus[0].idle_ticks, 400U);
  EXPECT_EQ(cpus[0].iowait_ticks, 20U);
  EXPECT_EQ(cpus[1].cpu, 12U);
  EXPECT_EQ(cpus[1].idle_ticks, 600U);
}

TEST(ProcfsParsersTest, ReadsTheUptimeInTicks) {
  EXPECT_EQ(ParseUptime("350735.47 234388.90\n", 100), 35073547U);
  EXPECT_EQ(ParseUptime("1.07 0.00\n", 1000), 1070U);
  for (const char* bad : {"", "1", "1.", "1.2", "-1.00", "x.00", "1.0x", "99999999999999999999.00"}) {
    EXPECT_EQ(ParseUptime(bad, 100), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace brahe
