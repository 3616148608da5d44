// Live on a BPF file system of its own. Needs root.
#include "userspace/cpu/pin_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "userspace/base/temp_tree.h"

namespace brahe::cpu {
namespace {

using testing::EndsWith;

class PinDirectoryTest : public testing::Test {
 protected:
  PinDirectoryTest() { tree_.MakeFolder("bpf"); }
  ~PinDirectoryTest() override { umount2(bpf_.c_str(), MNT_DETACH); }

  void Mount() const { ASSERT_EQ(mount("bpf", bpf_.c_str(), "bpf", 0, nullptr), 0) << strerror(errno); }
  [[nodiscard]] std::string ErrorIn(Surroundings surroundings) const {
    const auto pins = PinDirectory::Create(bpf_ + "/brahe", surroundings);
    return pins ? "none" : pins.error().message;
  }

  TempTree tree_;
  const std::string bpf_ = tree_.At("bpf");
};

TEST_F(PinDirectoryTest, LastsAsLongAsTheObject) {
  Mount();
  {
    const auto pins = PinDirectory::Create(bpf_ + "/brahe", Surroundings::kHost);
    ASSERT_TRUE(pins) << pins.error().message;
    EXPECT_EQ(pins->PathOf("a.b"), bpf_ + "/brahe/a_b");
    EXPECT_EQ(access((bpf_ + "/brahe").c_str(), F_OK), 0);
  }
  EXPECT_NE(access((bpf_ + "/brahe").c_str(), F_OK), 0);
}

// As when root has made it for a service that may write nowhere else: a mount point cannot be removed either.
TEST_F(PinDirectoryTest, AnOwnOneThatCannotBeRemovedIsEmptied) {
  Mount();
  const std::string path = bpf_ + "/brahe";
  ASSERT_EQ(mkdir(path.c_str(), 0700), 0) << strerror(errno);
  ASSERT_EQ(mount(path.c_str(), path.c_str(), nullptr, MS_BIND, nullptr), 0) << strerror(errno);
  ASSERT_EQ(mkdir((path + "/left").c_str(), 0700), 0) << strerror(errno);
  {
    const auto pins = PinDirectory::Create(path, Surroundings::kHost);
    ASSERT_TRUE(pins) << pins.error().message;
    EXPECT_NE(access((path + "/left").c_str(), F_OK), 0);
    ASSERT_EQ(mkdir(pins->PathOf("new").c_str(), 0700), 0) << strerror(errno);
  }
  EXPECT_EQ(access(path.c_str(), F_OK), 0);
  EXPECT_NE(access((path + "/new").c_str(), F_OK), 0);
  umount2(path.c_str(), MNT_DETACH);
}

TEST_F(PinDirectoryTest, WhatIsAnothersInAnOwnOneIsSeen) {
  Mount();
  const auto pins = PinDirectory::Create(bpf_ + "/brahe", Surroundings::kHost);
  ASSERT_TRUE(pins) << pins.error().message;
  ASSERT_EQ(mkdir(pins->PathOf("maps").c_str(), 0700), 0) << strerror(errno);
  EXPECT_TRUE(pins->CheckOwners());
  ASSERT_EQ(chown(pins->PathOf("maps").c_str(), 1234, 1234), 0) << strerror(errno);
  EXPECT_EQ(pins->CheckOwners().error().message, pins->PathOf("maps") + " is another user's");
  ASSERT_EQ(chown((bpf_ + "/brahe").c_str(), 1234, 1234), 0) << strerror(errno);
  EXPECT_FALSE(PinDirectory::Open(bpf_ + "/brahe"));
  EXPECT_EQ(access(pins->PathOf("maps").c_str(), F_OK), 0) << "what is not taken stays";
  EXPECT_TRUE(PinDirectory::OpenAnyones(bpf_ + "/brahe"));
  EXPECT_NE(access((bpf_ + "/brahe").c_str(), F_OK), 0);
}

TEST_F(PinDirectoryTest, WhereNoBpfFileSystemIsTheRemedyIsTheOneOfTheSurroundings) {
  const std::string none = "no BPF file system at " + bpf_;
  EXPECT_EQ(ErrorIn(Surroundings::kHost), none + " (mount -t bpf bpf " + bpf_ + ")");
  EXPECT_EQ(ErrorIn(Surroundings::kContainer),
            none + " (mount the host's into the container: -v /sys/fs/bpf:" + bpf_ + ")");
  const std::string of_pod =
      " (mount the node's: a volume with hostPath /sys/fs/bpf at mountPath " + bpf_ + ", not readOnly)";
  EXPECT_EQ(ErrorIn(Surroundings::kPod), none + of_pod);
  tree_.Remove("bpf");
  EXPECT_EQ(ErrorIn(Surroundings::kPod), none + of_pod) << "nor a folder";
}

TEST_F(PinDirectoryTest, SoItIsWhereItMayOnlyBeRead) {
  Mount();
  ASSERT_EQ(mount(nullptr, bpf_.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0) << strerror(errno);
  const std::string error = ErrorIn(Surroundings::kPod);
  EXPECT_THAT(error, testing::HasSubstr(strerror(EROFS)));
  EXPECT_THAT(error, EndsWith("at mountPath " + bpf_ + ", not readOnly)"));
  EXPECT_THAT(ErrorIn(Surroundings::kHost), EndsWith(" (mount -o remount,rw " + bpf_ + ")"));
}

TEST_F(PinDirectoryTest, APodIsKnownByItsEnvironment) {
  unsetenv("KUBERNETES_SERVICE_HOST");
  EXPECT_NE(FindSurroundings(), Surroundings::kPod);
  setenv("container", "podman", 1);
  EXPECT_EQ(FindSurroundings(), Surroundings::kContainer);
  setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1);
  EXPECT_EQ(FindSurroundings(), Surroundings::kPod);
}

}  // namespace
}  // namespace brahe::cpu
