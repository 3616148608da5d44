#include "userspace/cpu/topology.h"

#include <gtest/gtest.h>

#include "userspace/base/file.h"
#include "userspace/base/temp_tree.h"

namespace brahe::cpu {
namespace {

using Cpus = std::vector<uint32_t>;

std::vector<CpuInfo> CpuInfoOf(const std::string& kind) {
  const TempTree tree;
  tree.Write("cpuinfo", *ReadFile("testdata/proc/cpuinfo." + kind));
  for (const int cpu : {0, 1}) {
    const std::string folder = "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    tree.Write(folder + "physical_package_id", "36\n");
    tree.Write(folder + "core_id", cpu == 0 ? "-1\n" : "5\n");
  }
  return *ReadCpuInfo(tree.path(), tree.At("sys"));
}

TEST(TopologyTest, EachCpuHasItsPackage) {
  const TempTree sys;
  sys.Write("devices/system/cpu/possible", "0-3\n");
  sys.Write("devices/system/cpu/online", "0-3\n");
  for (int cpu = 0; cpu < 4; ++cpu) {
    sys.Write("devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/physical_package_id",
              std::to_string(cpu / 2) + "\n");
  }
  EXPECT_EQ(ReadCpuTopology(sys.path())->socket_of_cpu, (Cpus{0, 0, 1, 1}));
  EXPECT_EQ(*ReadOnlineCpus(sys.path()), (Cpus{0, 1, 2, 3}));
}

TEST(TopologyTest, AnOfflineCpuHasThePackageOfItsNeighbourBelow) {
  const TempTree sys;
  sys.Write("devices/system/cpu/possible", "0-5\n");
  sys.Write("devices/system/cpu/online", "1,3\n");
  sys.Write("devices/system/cpu/cpu1/topology/physical_package_id", "7\n");
  sys.Write("devices/system/cpu/cpu3/topology/physical_package_id", "9\n");
  const CpuTopology topology = *ReadCpuTopology(sys.path());
  EXPECT_EQ(topology.socket_of_cpu, (Cpus{0, 7, 7, 9, 9, 9}));
  EXPECT_EQ(topology.SocketOf(3), 9U);
  EXPECT_EQ(topology.SocketOf(6), 0U);
}

TEST(TopologyTest, AnUnknownPackageIsSocketZero) {
  const TempTree sys;
  sys.Write("devices/system/cpu/possible", "0-1\n");
  sys.Write("devices/system/cpu/online", "0-1\n");
  sys.Write("devices/system/cpu/cpu1/topology/physical_package_id", "-1\n");
  EXPECT_EQ(ReadCpuTopology(sys.path())->socket_of_cpu, (Cpus{0, 0}));
}

TEST(TopologyTest, NamesTheFileThatIsMissingOrMalformed) {
  const TempTree sys;
  EXPECT_EQ(ReadCpuTopology(sys.path()).error().code, ENOENT);
  sys.Write("devices/system/cpu/online", "all\n");
  EXPECT_EQ(ReadOnlineCpus(sys.path()).error().message,
            "read " + sys.At("devices/system/cpu/online") + ": not a CPU list: \"all\"");
}

TEST(CpuInfoTest, ReadsX86) {
  const auto cpus = CpuInfoOf("x86");
  ASSERT_EQ(cpus.size(), 2U);
  EXPECT_EQ(cpus[1].processor, "1");
  EXPECT_EQ(cpus[1].vendor_id, "GenuineIntel");
  EXPECT_EQ(cpus[1].model_name, "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz");
  EXPECT_EQ(cpus[1].physical_id, "1");
  EXPECT_EQ(cpus[1].core_id, "4");
}

TEST(CpuInfoTest, OfArmTellsTheNumbersOfMakerAndPartAndWhatSysfsKnows) {
  const auto cpus = CpuInfoOf("arm64");
  ASSERT_EQ(cpus.size(), 2U);
  EXPECT_EQ(cpus[1].processor, "1");
  EXPECT_EQ(cpus[1].vendor_id, "0x41");
  EXPECT_EQ(cpus[1].model_name, "0xd08");
  EXPECT_EQ(cpus[1].physical_id, "36");
  EXPECT_EQ(cpus[1].core_id, "5");
  EXPECT_EQ(cpus[0].core_id, "") << "-1 is no id";
}

TEST(CpuInfoTest, TheParagraphAboutTheBoardIsNotTheLastCpus) {
  const auto cpus = CpuInfoOf("arm_board");
  ASSERT_EQ(cpus.size(), 2U);
  EXPECT_EQ(cpus[1].model_name, "0xd08");
}

}  // namespace
}  // namespace brahe::cpu
