#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "userspace/base/file.h"
#include "userspace/run/command_cgroup.h"

namespace brahe::run {
namespace {

// A child that sleeps, ended with this.
class Sleeper {
 public:
  Sleeper() : pid_(fork()) {
    while (pid_ == 0) pause();
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  ~Sleeper() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  const pid_t pid_;
};

// The parameter is a hierarchy's mount point.
class CommandCgroupRealTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (access((GetParam() + "/cgroup.procs").c_str(), W_OK) != 0) GTEST_SKIP() << "no writable cgroups there";
  }
  [[nodiscard]] std::string Folder() const { return GetParam() + "/" + name_; }
  const std::string name_ = "brahe-test-" + std::to_string(getpid());
};

TEST_P(CommandCgroupRealTest, WhatStillRunsAtTheEndIsMovedToTheParentAndNamed) {
  auto cgroup = CommandCgroup::Make(GetParam(), name_);
  ASSERT_TRUE(cgroup) << cgroup.error().message;
  const Sleeper outer, inner;
  ASSERT_TRUE(cgroup->Take(outer.pid()));
  ASSERT_EQ(mkdir((Folder() + "/inner").c_str(), 0755), 0);
  ASSERT_TRUE(WriteFile(Folder() + "/inner/cgroup.procs", std::to_string(inner.pid())));
  const std::vector<LeftProcess> inside = cgroup->Processes();
  ASSERT_EQ(inside.size(), 2U);
  EXPECT_EQ(inside[0].pid, inner.pid());
  EXPECT_EQ(inside[1].pid, outer.pid());

  const std::vector<LeftProcess> left = cgroup->Leave();
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[0].pid, inner.pid());
  EXPECT_EQ(left[1].pid, outer.pid());
  EXPECT_EQ(left[1].comm.substr(0, 14), "command_cgroup");
  EXPECT_NE(access(Folder().c_str(), F_OK), 0);
  EXPECT_EQ(kill(outer.pid(), 0), 0);
}

TEST_P(CommandCgroupRealTest, NothingIsLeftOfOneThatIsGivenUp) {
  { ASSERT_TRUE(CommandCgroup::Make(GetParam(), name_)); }
  EXPECT_NE(access(Folder().c_str(), F_OK), 0);
}

TEST_P(CommandCgroupRealTest, OneThatIsThereIsNotTaken) {
  const auto cgroup = CommandCgroup::Make(GetParam(), name_);
  ASSERT_TRUE(cgroup);
  const auto second = CommandCgroup::Make(GetParam(), name_);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("make cgroup " + Folder() + ": File exists"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Hierarchies, CommandCgroupRealTest,
                         testing::Values("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/cpuacct"));

TEST(CgroupFolderTest, WithoutAHierarchyThereIsNone) {
  EXPECT_FALSE(CgroupFolderOf("/proc", "self", {.v2 = true, .mount_point = "", .controller = ""}));
}

}  // namespace
}  // namespace brahe::run
