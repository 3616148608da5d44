#include "userspace/cpu/procfs_parsers.h"

#include <gtest/gtest.h>

namespace brahe::cpu {
namespace {

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

TEST(ProcfsParsersTest, OfAStatThatIsCutOffAmongTheCpusNoneIsKnown) {
  const std::string whole = "cpu  1 2 3 1000 50 6\ncpu0 1 2 3 400 20 6\ncpu1 1 2 3 600 30 6\nintr 5 6\n";
  for (size_t length = 0; length <= whole.size(); ++length) {
    std::vector<CpuIdle> cpus = {{.cpu = 9}};
    ParseCpuIdle(whole.substr(0, length), cpus);
    EXPECT_EQ(cpus.size(), length == whole.size() ? 2U : 0U) << length;
  }
}

TEST(ProcfsParsersTest, ReadsTheUptimeInTicks) {
  EXPECT_EQ(ParseUptime("350735.47 234388.90\n", 100), 35073547U);
  EXPECT_EQ(ParseUptime("1.07 0.00\n", 1000), 1070U);
  for (const char* bad : {"", "1", "1.", "1.2", "-1.00", "x.00", "1.0x", "99999999999999999999.00"}) {
    EXPECT_EQ(ParseUptime(bad, 100), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace brahe::cpu
