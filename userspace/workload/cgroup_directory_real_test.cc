#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "userspace/base/file.h"
#include "userspace/workload/cgroup_directory.h"

namespace brahe::workload {
namespace {

// A cgroup of the test's own, removed at the end. Not valid where none can be made.
class TestCgroup {
 public:
  TestCgroup(const std::string& mount, const std::string& path) : folder_(mount + path) {
    valid_ = mkdir(folder_.c_str(), 0755) == 0;
  }
  ~TestCgroup() { Remove(); }
  void Remove() { rmdir(folder_.c_str()); }
  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] uint64_t id() const {
    struct stat status = {};
    stat(folder_.c_str(), &status);
    return status.st_ino;
  }

 private:
  const std::string folder_;
  bool valid_ = false;
};

// The parameter is a hierarchy's mount point.
class CgroupDirectoryRealTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    if (access((GetParam() + "/cgroup.procs").c_str(), W_OK) != 0) GTEST_SKIP() << "no writable cgroups there";
  }
  const std::string name_ = "/docker-" + std::string(60, 'e') + std::to_string(1000 + getpid() % 9000) + ".scope";
};

TEST_P(CgroupDirectoryRealTest, FindsALiveCgroupByItsIdAloneAndKeepsItWhenItIsGone) {
  CgroupDirectory directory("/no/proc", GetParam());
  TestCgroup outer(GetParam(), name_);
  ASSERT_TRUE(outer.valid());
  TestCgroup inner(GetParam(), name_ + "/a (deleted)");
  const uint64_t id = inner.id();
  EXPECT_EQ(directory.Find(id, 0).path, name_ + "/a (deleted)") << "a name that looks like a removed one's";
  ASSERT_TRUE(directory.Find(id, 0).container);
  EXPECT_EQ("/docker-" + directory.Find(id, 0).container->id + ".scope", name_);
  inner.Remove();
  directory.EndEpoch();
  EXPECT_EQ(directory.Find(id, 0).path, name_ + "/a (deleted)");
  EXPECT_EQ(CgroupDirectory("/no/proc", GetParam()).Find(id, 0).path, "");
}

TEST_P(CgroupDirectoryRealTest, ARemovedCgroupThatIsStillHeldOpenIsNoAnswer) {
  TestCgroup cgroup(GetParam(), name_);
  ASSERT_TRUE(cgroup.valid());
  const uint64_t id = cgroup.id();
  const UniqueFd held = *OpenForReading(GetParam() + name_);
  cgroup.Remove();
  EXPECT_EQ(CgroupDirectory("/no/proc", GetParam()).Find(id, 0).path, "");
}

TEST_P(CgroupDirectoryRealTest, TheRootIsASlash) {
  struct stat root = {};
  ASSERT_EQ(stat(GetParam().c_str(), &root), 0);
  EXPECT_EQ(CgroupDirectory("/no/proc", GetParam() + "/").Find(root.st_ino, 0).path, "/");
}

INSTANTIATE_TEST_SUITE_P(Mounts, CgroupDirectoryRealTest,
                         testing::Values("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/cpuacct"),
                         [](const auto& instance) {
                           std::string name = instance.param.substr(1);
                           std::replace(name.begin(), name.end(), '/', '_');
                           return name;
                         });

}  // namespace
}  // namespace brahe::workload
