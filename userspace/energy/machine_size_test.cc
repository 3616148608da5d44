#include "userspace/energy/machine_size.h"

#include <gtest/gtest.h>

#include <string>

#include "userspace/base/temp_tree.h"

namespace brahe::energy {
namespace {

// A real machine of x86: two sockets of 4 threads, 16 GiB.
class MachineSizeTest : public testing::Test {
 protected:
  MachineSizeTest() {
    WriteFlags("fpu vme sse");
    tree_.Write("proc/meminfo", "MemTotal:       16777216 kB\nMemFree:        1 kB\n");
    WriteSockets("0-7", 4);
  }

  void WriteFlags(const std::string& flags) const {
    tree_.Write("proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: " + flags + "\n\n");
  }

  void WriteProduct(const std::string& product) const {
    tree_.Write("sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
    tree_.Write("sys/class/dmi/id/product_name", product + "\n");
  }

  void WriteSockets(const std::string& online, int threads_per_socket) const {
    const std::string cpus = "sys/devices/system/cpu/";
    tree_.Write(cpus + "online", online + "\n");
    for (int cpu = 0; cpu < 8; ++cpu) {
      tree_.Write(cpus + "cpu" + std::to_string(cpu) + "/topology/physical_package_id",
                  std::to_string(cpu / threads_per_socket) + "\n");
    }
  }

  [[nodiscard]] std::optional<MachineSize> Read() const {
    const std::string proc = tree_.At("proc"), sys = tree_.At("sys");
    return ReadMachineSize(ReadProcessor(proc, sys), proc, sys);
  }

  const TempTree tree_;
};

TEST_F(MachineSizeTest, IsOfTheThreadsAndTheMemoryThatThereAre) {
  EXPECT_EQ(Read(), (MachineSize{.threads_per_socket = 4, .mib_per_thread = 2048, .one_socket = false}));
  WriteSockets("0-3,6", 8);
  EXPECT_EQ(Read(), (MachineSize{.threads_per_socket = 5, .mib_per_thread = 3276, .one_socket = true}));
}

TEST_F(MachineSizeTest, OfAGuestItIsNotTheHostsAndIsNotTaken) {
  WriteFlags("fpu hypervisor sse");
  EXPECT_EQ(Read(), std::nullopt);
  WriteFlags("fpu sse hypervisor");
  EXPECT_EQ(Read(), std::nullopt);
  WriteFlags("fpu hypervisor_of_another_name");
  EXPECT_NE(Read(), std::nullopt);
}

TEST_F(MachineSizeTest, OfMachinesThatDoNotTellWhetherTheyAreGuestsItIsNotTaken) {
  tree_.Write("proc/cpuinfo", "processor\t: 0\nCPU implementer\t: 0x41\nFeatures\t: fp asimd\n");
  EXPECT_EQ(Read(), std::nullopt);
}

TEST_F(MachineSizeTest, OfAmazonsOnlyThoseAreWholeMachinesThatSaySo) {
  WriteProduct("m5.large");
  EXPECT_EQ(Read(), std::nullopt);
  WriteProduct("m5.metal");
  EXPECT_NE(Read(), std::nullopt);
  WriteProduct("m7i.metal-24xl");
  EXPECT_NE(Read(), std::nullopt);
}

TEST_F(MachineSizeTest, WhatCannotBeReadIsNotGuessed) {
  tree_.Write("proc/meminfo", "MemTotal:       1 kB\n");
  EXPECT_EQ(Read(), std::nullopt) << "less than 1 MiB for each thread";
  tree_.Write("proc/meminfo", "MemTotal:       a lot\n");
  EXPECT_EQ(Read(), std::nullopt);
  tree_.Write("proc/meminfo", "MemTotal:       16777216 kB\n");
  tree_.Remove("sys/devices/system/cpu/online");
  EXPECT_EQ(Read(), std::nullopt);
}

TEST(MachineSizeTextTest, NamesASingleSocket) {
  EXPECT_EQ(Describe({.threads_per_socket = 56, .mib_per_thread = 1755, .one_socket = false}),
            "56 threads a socket, 1755 MiB a thread");
  EXPECT_EQ(Describe({.threads_per_socket = 56, .mib_per_thread = 1755, .one_socket = true}),
            "56 threads a socket, 1755 MiB a thread, one socket");
}

}  // namespace
}  // namespace brahe::energy
