#include "userspace/workload/cgroup_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "userspace/base/temp_tree.h"

namespace brahe::workload {
namespace {

// The tree is not on a cgroup file system, so ids are found by processes only.
class CgroupDirectoryTest : public testing::Test {
 protected:
  uint64_t MakeCgroup(const std::string& path) const {
    tree_.MakeFolder("cgroup" + path);
    struct stat status = {};
    EXPECT_EQ(stat(tree_.At("cgroup" + path).c_str(), &status), 0);
    return status.st_ino;
  }
  void SetProcess(uint32_t pid, const std::string& text) const {
    tree_.Write("proc/" + std::to_string(pid) + "/cgroup", text);
  }

  TempTree tree_;
  const std::string id_ = std::string(64, 'c');
  const uint64_t root_ = MakeCgroup("/");
  CgroupDirectory directory_{tree_.At("proc"), tree_.At("cgroup") + "/"};
};

TEST_F(CgroupDirectoryTest, FindsACgroupByAProcessInIt) {
  const uint64_t cgroup = MakeCgroup("/docker/" + id_);
  SetProcess(7, "9:name=systemd:/x\n2:cpuacct:/docker/" + id_ + "\n0::/\n");
  const Cgroup& found = directory_.Find(cgroup, 7);
  EXPECT_EQ(found.path, "/docker/" + id_);
  ASSERT_TRUE(found.container);
  EXPECT_EQ(found.container->id, id_);
  EXPECT_EQ(found.container->runtime, "docker");
  EXPECT_EQ(directory_.Find(root_, 7).path, "/");
}

TEST_F(CgroupDirectoryTest, TellsOnceOfTheUnitsOfCgroupsThatItHasLearntButNotOfSlicesThatHaveNoneOfTheirOwn) {
  MakeCgroup("/system.slice/cron.service/child");
  MakeCgroup("/user.slice/user-1000.slice");
  CgroupDirectory directory(tree_.At("proc"), tree_.At("cgroup"));
  EXPECT_EQ(directory.TakeNewUnits(), std::set<std::string>{"cron.service"});
  directory.Learn(77, "/user.slice/user-1000.slice/session-1.scope");
  directory.Learn(78, "/system.slice/cron.service/other");
  directory.Learn(78, "/system.slice/another.service");
  EXPECT_EQ(directory.TakeNewUnits(), (std::set<std::string>{"cron.service", "user-1000.slice"}));
  EXPECT_TRUE(directory.TakeNewUnits().empty());
}

TEST_F(CgroupDirectoryTest, FindsACgroupByAPathFromAboveTheNamespace) {
  const uint64_t cgroup = MakeCgroup("/a");
  SetProcess(7, "0::/../../a\n");
  EXPECT_EQ(directory_.Find(cgroup, 7).path, "/a");
  SetProcess(8, "0::/../..\n");
  EXPECT_EQ(directory_.Find(MakeCgroup("/b"), 8).path, "");
}

TEST_F(CgroupDirectoryTest, DoesNotBelieveAProcessThatHasMoved) {
  const uint64_t cgroup = MakeCgroup("/a");
  MakeCgroup("/b");
  SetProcess(7, "0::/b\n");
  EXPECT_EQ(directory_.Find(cgroup, 7).path, "");
}

TEST_F(CgroupDirectoryTest, KeepsTheAnswerWhenTheCgroupIsGone) {
  const uint64_t cgroup = MakeCgroup("/a");
  SetProcess(7, "0::/a\n");
  directory_.Find(cgroup, 7);
  tree_.Remove("cgroup/a");
  tree_.Remove("proc/7");
  directory_.EndEpoch();
  directory_.Learn(cgroup, "/a (deleted)");
  EXPECT_EQ(directory_.Find(cgroup, 0).path, "/a");
}

TEST_F(CgroupDirectoryTest, BelievesWhatItIsTold) {
  directory_.Learn(12345, "/docker/" + id_ + "/x");
  EXPECT_EQ(directory_.Find(12345, 0).path, "/docker/" + id_ + "/x");
  EXPECT_EQ(directory_.Find(12345, 0).container->id, id_);
}

TEST_F(CgroupDirectoryTest, AsksOnceAnEpochAndThreeTimesInAll) {
  const uint64_t cgroup = MakeCgroup("/a");
  EXPECT_EQ(directory_.Find(cgroup, 7).path, "");
  SetProcess(7, "0::/a\n");
  EXPECT_EQ(directory_.Find(cgroup, 7).path, "") << "already tried in this epoch";
  directory_.EndEpoch();
  EXPECT_EQ(directory_.Find(cgroup, 7).path, "/a");

  const uint64_t other = MakeCgroup("/b");
  for (int epoch = 0; epoch < 3; ++epoch) {
    directory_.Find(other, 7);
    directory_.EndEpoch();
  }
  SetProcess(7, "0::/b\n");
  EXPECT_EQ(directory_.Find(other, 7).path, "") << "tried three times";
  directory_.Learn(other, "/b");
  EXPECT_EQ(directory_.Find(other, 7).path, "/b");
}

TEST_F(CgroupDirectoryTest, ForgetsWhatIsNotAskedForAnyMore) {
  directory_.Learn(12345, "/a");
  directory_.Learn(54321, "/b");
  for (int epoch = 0; epoch < 2; ++epoch) {
    EXPECT_EQ(directory_.Find(12345, 0).path, "/a");
    directory_.EndEpoch(2);
  }
  EXPECT_EQ(directory_.Find(12345, 0).path, "/a");
  directory_.EndEpoch(2);
  EXPECT_EQ(directory_.Find(12345, 0).path, "/a");
  EXPECT_EQ(directory_.Find(54321, 0).path, "");
}

TEST_F(CgroupDirectoryTest, KnowsWhatWasThereAtTheStartWhenItIsGone) {
  const uint64_t cgroup = MakeCgroup("/a/b/c");
  CgroupDirectory started(tree_.At("proc"), tree_.At("cgroup"));
  tree_.Remove("cgroup/a");
  EXPECT_EQ(started.Find(cgroup, 0).path, "/a/b/c");
  EXPECT_EQ(started.Find(root_, 0).path, "/");
}

TEST_F(CgroupDirectoryTest, ForgetsNoneThatIsStillThere) {
  const uint64_t idle = MakeCgroup("/idle");
  directory_.Learn(idle, "/idle");
  for (int epoch = 0; epoch < 5; ++epoch) directory_.EndEpoch(2);
  tree_.Remove("cgroup/idle");
  EXPECT_EQ(directory_.Find(idle, 0).path, "/idle") << "it may have used time just before it was removed";
  for (int epoch = 0; epoch < 5; ++epoch) directory_.EndEpoch(2);
  EXPECT_EQ(directory_.Find(idle, 0).path, "");
}

TEST_F(CgroupDirectoryTest, KnowsNothingWhereThereIsNoHierarchy) {
  CgroupDirectory nowhere(tree_.At("proc"), "/nowhere");
  EXPECT_EQ(nowhere.Find(1, 0).path, "");
  EXPECT_EQ(nowhere.Find(0, 0).path, "");
  nowhere.Learn(1, "/a");
  EXPECT_EQ(nowhere.Find(1, 0).path, "/a");
}

}  // namespace
}  // namespace brahe::workload
