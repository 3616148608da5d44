#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "userspace/checkpoint/checkpoint_file.h"
#include "userspace/checkpoint/state_folder_fixture.h"

// As root, who can take the place of other users.
namespace brahe::checkpoint {
namespace {

using CheckpointFileRealTest = StateFolderTest;

TEST_F(CheckpointFileRealTest, FoldersThatOthersMayChangeAreRefused) {
  tree_.MakeFolder("state");
  chmod(Folder().c_str(), 0777);
  EXPECT_EQ(OpenError(), Folder() + ": everybody may write there, and so change what is kept; chmod o-w " + Folder());
  chmod(Folder().c_str(), 01777);
  EXPECT_EQ(OpenError(), "");
  chmod(Folder().c_str(), 0755);
  EXPECT_EQ(OpenError(), "");
  const std::string belongs =
      " belongs to user 12 and not to the exporter's user 0; chown it, or choose another folder "
      "with --state.dir";
  ASSERT_EQ(chown(Path().c_str(), 12, 12), 0);
  EXPECT_EQ(OpenError(), Path() + ":" + belongs);
  ASSERT_EQ(chown(Folder().c_str(), 12, 12), 0);
  EXPECT_EQ(OpenError(), Folder() + ":" + belongs);
}

TEST_F(CheckpointFileRealTest, WhereItMayNotWriteItSaysWhatToDo) {
  tree_.MakeFolder("state");
  EXPECT_EQ(CheckpointFile::Open(tree_.At("a/b")).error().message,
            "make the folder " + tree_.At("a/b") + ": No such file or directory; make the folder above it");
  chmod(tree_.path().c_str(), 0755);
  chmod(Folder().c_str(), 0755);
  // From within, as the folders above may be closed to him.
  const auto refused = [&](const std::string& folder, const std::string& said) {
    return InChild([&] {
      if (chdir(tree_.path().c_str()) != 0 || setgid(12) != 0 || setuid(12) != 0) return 2;
      const auto file = CheckpointFile::Open(folder);
      return !file && file.error().message == said ? 0 : 1;
    });
  };
  const std::string why = ": Permission denied; choose a folder that can be written with --state.dir";
  EXPECT_EQ(refused("state", "open state/checkpoint" + why), 0);
  EXPECT_EQ(refused("new", "make the folder new" + why), 0);
}

}  // namespace
}  // namespace brahe::checkpoint
