#include "userspace/cpu/cgroup_hierarchy.h"

#include <gtest/gtest.h>

#include "userspace/base/file.h"
#include "userspace/base/temp_tree.h"

namespace brahe::cpu {
namespace {

Result<CgroupHierarchy> Find(const std::string& mountinfo) {
  const TempTree proc;
  proc.Write("self/mountinfo", mountinfo);
  return FindCgroupHierarchy(proc.path());
}

CgroupHierarchy FindIn(const std::string& kind) { return *Find(*ReadFile("testdata/proc/mountinfo." + kind)); }

TEST(CgroupHierarchyTest, TakesV2WhereItIsAlone) {
  const CgroupHierarchy hierarchy = FindIn("unified");
  EXPECT_TRUE(hierarchy.v2);
  EXPECT_EQ(hierarchy.mount_point, "/sys/fs/cgroup");
  EXPECT_EQ(hierarchy.controller, "");
}

TEST(CgroupHierarchyTest, TakesCpuacctOfV1EvenBesideV2) {
  const CgroupHierarchy legacy = FindIn("legacy");
  EXPECT_FALSE(legacy.v2);
  EXPECT_EQ(legacy.mount_point, "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(legacy.controller, "cpuacct");
  const CgroupHierarchy hybrid = FindIn("hybrid");
  EXPECT_FALSE(hybrid.v2);
  EXPECT_EQ(hybrid.mount_point, "/sys/fs/cgroup/cpuacct");
  EXPECT_EQ(hybrid.controller, "cpuacct");
}

TEST(CgroupHierarchyTest, TakesCpuWhereThereIsNoCpuacct) {
  const auto hierarchy = Find(
      "31 30 0:28 / /cg/cpuset rw - cgroup cgroup rw,cpuset\n"
      "32 30 0:29 / /cg/cpu rw - cgroup cgroup rw,cpu\n"
      "33 30 0:30 / /cg/unified rw - cgroup2 cgroup2 rw\n");
  EXPECT_FALSE(hierarchy->v2);
  EXPECT_EQ(hierarchy->mount_point, "/cg/cpu");
  EXPECT_EQ(hierarchy->controller, "cpu");
}

TEST(CgroupHierarchyTest, OfSeveralMountsTakesTheOneThatShowsMost) {
  const CgroupHierarchy hierarchy = FindIn("container");
  EXPECT_EQ(hierarchy.mount_point, "/host/sys/fs/cgroup");
  EXPECT_EQ(hierarchy.mount_root, "/../../../..");
  EXPECT_EQ(Find("1 0 0:1 /a /x rw - cgroup2 c rw\n"
                 "2 0 0:1 / /y rw - cgroup2 c rw\n"
                 "3 0 0:1 / /z rw - cgroup2 c rw\n")
                ->mount_point,
            "/y");
}

TEST(CgroupHierarchyTest, TellsTheOtherHierarchiesOfV1) {
  const auto others = [](const std::string& mountinfo, const std::string& own) {
    const TempTree proc;
    proc.Write("self/mountinfo", mountinfo);
    return OtherV1Mounts(proc.path(), own);
  };
  const std::string mounts =
      "31 30 0:28 / /cg/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
      "32 30 0:29 / /cg/freezer rw - cgroup cgroup rw,freezer\n"
      "33 30 0:30 / /cg/unified rw - cgroup2 cgroup2 rw\n"
      "34 30 0:31 / /cg/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
      "35 30 0:29 /../.. /host/freezer rw - cgroup cgroup rw,freezer\n"
      "36 30 0:28 / /copy/cpu rw - cgroup cgroup rw,cpu,cpuacct\n";
  EXPECT_EQ(others(mounts, "/cg/cpu,cpuacct"), (std::vector<std::string>{"/host/freezer", "/cg/systemd"}));
  EXPECT_EQ(others(mounts, "/cg/unified"), std::vector<std::string>());
  EXPECT_EQ(others(mounts, "/elsewhere"), std::vector<std::string>());
  EXPECT_EQ(others("", "/cg/cpu"), std::vector<std::string>());
  EXPECT_EQ(OtherV1Mounts("/nowhere", "/cg/cpu"), std::vector<std::string>());
}

TEST(CgroupHierarchyTest, UndoesTheEscapesOfMountInfo) {
  EXPECT_EQ(Find("1 0 0:1 / /a\\040b\\134c\\09 rw a:1 b:2 - cgroup2 none rw\n")->mount_point, "/a b\\c\\09");
}

TEST(CgroupHierarchyTest, SaysWhatIsMissing) {
  EXPECT_NE(Find("27 1 8:1 / / rw - ext4 /dev/sda1 rw\n").error().message.find("mount cgroup2"), std::string::npos);
  EXPECT_FALSE(Find(""));
  EXPECT_FALSE(Find("garbage\n- - -\n1 2 3 4 5 6 -\n"));
  EXPECT_EQ(FindCgroupHierarchy("/nowhere").error().code, ENOENT);
}

CgroupHierarchy V2() { return {true, "/m", "", "/"}; }
CgroupHierarchy V1(const std::string& controller) { return {false, "/m", controller, "/"}; }

constexpr char kCgroups[] =
    "9:name=systemd:/wrong\n"
    "4:cpuset:/wrong\n"
    "2:cpu,cpuacct:/docker/a:b\n"
    "0::/system.slice/x.service\n";

TEST(PathInHierarchyTest, TakesTheLineOfTheHierarchy) {
  EXPECT_EQ(PathInHierarchy(kCgroups, V2()), "/system.slice/x.service");
  EXPECT_EQ(PathInHierarchy(kCgroups, V1("cpuacct")), "/docker/a:b");
  EXPECT_EQ(PathInHierarchy(kCgroups, V1("cpu")), "/docker/a:b");
  EXPECT_EQ(PathInHierarchy("4:cpuset:/wrong\n", V1("cpu")), std::nullopt);
  EXPECT_EQ(PathInHierarchy("", V2()), std::nullopt);
  EXPECT_EQ(PathInHierarchy("0::", V2()), std::nullopt);
  EXPECT_EQ(PathInHierarchy("0::/system.slice", V2()), std::nullopt) << "its end is cut off";
}

TEST(PathInHierarchyTest, AProcessInARemovedCgroupIsStillThere) {
  EXPECT_EQ(PathInHierarchy("0::/a/b (deleted)\n", V2()), "/a/b");
}

TEST(PathInHierarchyTest, SeesTheHostsPathsFromWithinANamespace) {
  const CgroupHierarchy host = FindIn("container");
  const auto path = PathInHierarchy("0::/../../../../system.slice/x\n", host);
  EXPECT_EQ(path, "/system.slice/x");
  EXPECT_EQ(FolderOfCgroup(*path, host), "/host/sys/fs/cgroup/system.slice/x");
  EXPECT_EQ(PathInHierarchy("0::/../../../..\n", host), "/");
  EXPECT_EQ(PathInHierarchy("0::/../sibling\n", host), "/../sibling");
  EXPECT_EQ(FolderOfCgroup("/../sibling", host), std::nullopt);
}

TEST(FolderOfCgroupTest, IsBelowTheMountOrNowhere) {
  const CgroupHierarchy part = {false, "/m", "cpu", "/docker/a"};
  EXPECT_EQ(PathInHierarchy("2:cpu:/docker/a/x\n", part), "/docker/a/x");
  EXPECT_EQ(FolderOfCgroup("/docker/a/x", part), "/m/x");
  EXPECT_EQ(FolderOfCgroup("/docker/ab", part), std::nullopt);
  EXPECT_EQ(FolderOfCgroup("/x", V2()), "/m/x");
  EXPECT_EQ(FolderOfCgroup("/..x", V2()), "/m/..x");
}

}  // namespace
}  // namespace brahe::cpu
