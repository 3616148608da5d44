#include "userspace/monitor/cgroup_population.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "userspace/base/temp_tree.h"

namespace brahe::monitor {
namespace {

class CgroupPopulationTest : public testing::Test {
 protected:
  bool IsPopulated(const std::string& path) const { return IsContainerPopulated(tree.path(), path, "/docker/abc"); }
  TempTree tree;
};

TEST_F(CgroupPopulationTest, AsksTheContainersFolderWhereCgroupV2CountsAllBelowIt) {
  tree.Write("docker/abc/cgroup.events", "populated 1\nfrozen 0\n");
  tree.Write("docker/abc/init.scope/cgroup.events", "populated 0\nfrozen 0\n");
  EXPECT_TRUE(IsPopulated("/docker/abc/init.scope"));
  EXPECT_TRUE(IsPopulated("/docker/abc"));
  tree.Write("docker/abc/cgroup.events", "populated 0\nfrozen 0\n");
  EXPECT_FALSE(IsPopulated("/docker/abc"));
}

TEST_F(CgroupPopulationTest, LooksForProcessesWhereCgroupV1HasNoEvents) {
  tree.Write("docker/abc/cgroup.procs", "");
  tree.Write("docker/abc/child/cgroup.procs", "12\n");
  EXPECT_FALSE(IsPopulated("/docker/abc"));
  EXPECT_TRUE(IsPopulated("/docker/abc/child"));
}

TEST_F(CgroupPopulationTest, AContainerThatIsGoneHasNoProcesses) { EXPECT_FALSE(IsPopulated("/docker/abc")); }

TEST_F(CgroupPopulationTest, WhatCannotBeReadForAMomentMayHaveProcesses) {
  tree.Write("docker/abc/cgroup.procs", "");
  EXPECT_FALSE(IsPopulated("/docker/abc"));
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none = {0, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_TRUE(IsPopulated("/docker/abc"));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_FALSE(IsPopulated("/docker/abc"));
  tree.Write("docker/abc/cgroup.events", "populat");
  EXPECT_TRUE(IsPopulated("/docker/abc"));
}

TEST_F(CgroupPopulationTest, AsksThePodsFolderInEitherSpellingOfItsUid) {
  const std::string systemd = "/kubepods.slice/kubepods-pod1a2b3c4d_5e6f.slice";
  tree.Write(systemd.substr(1) + "/cgroup.events", "populated 1\n");
  EXPECT_TRUE(IsPodCgroupPopulated(tree.path(), systemd + "/crio-abc.scope/child", "1a2b3c4d-5e6f"));
  tree.Write("kubepods/pod1a2b3c4d-5e6f/cgroup.events", "populated 0\n");
  EXPECT_FALSE(IsPodCgroupPopulated(tree.path(), "/kubepods/pod1a2b3c4d-5e6f/abc", "1a2b3c4d-5e6f"));
  EXPECT_FALSE(IsPodCgroupPopulated(tree.path(), systemd + "/crio-abc.scope", "other"));
  EXPECT_FALSE(IsPodCgroupPopulated(tree.path(), systemd + "/crio-abc.scope", ""));
}

TEST_F(CgroupPopulationTest, LooksIntoAllContainersOfAPodWhereCgroupV1HasNoEvents) {
  tree.Write("kubepods/pod1a2b3c4d/abc/cgroup.procs", "");
  EXPECT_FALSE(IsPodCgroupPopulated(tree.path(), "/kubepods/pod1a2b3c4d/abc", "1a2b3c4d"));
  tree.Write("kubepods/pod1a2b3c4d/pause/cgroup.procs", "7\n");
  EXPECT_TRUE(IsPodCgroupPopulated(tree.path(), "/kubepods/pod1a2b3c4d/abc", "1a2b3c4d"));
}

}  // namespace
}  // namespace brahe::monitor
