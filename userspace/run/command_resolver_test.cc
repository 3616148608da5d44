#include "userspace/run/command_resolver.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "userspace/base/temp_tree.h"

namespace brahe::run {
namespace {

uint64_t IdOf(const std::string& folder) {
  struct stat status = {};
  EXPECT_EQ(stat(folder.c_str(), &status), 0);
  return status.st_ino;
}

class CommandResolverTest : public testing::Test {
 protected:
  CommandResolverTest() {
    tree_.Write("run/inner/x", "");
    tree_.Write("other/x", "");
    resolver_.Begin("the command", tree_.At("run"), IdOf(tree_.At("run")));
  }
  bool IsInside(uint64_t id) {
    const workload::Container* const container = resolver_.ContainerOf(id, {});
    return container != nullptr && container->id == "the command";
  }

  TempTree tree_;
  CommandResolver resolver_;
};

TEST_F(CommandResolverTest, TheCommandsCgroupAndThoseBelowItAreTheCommands) {
  EXPECT_TRUE(IsInside(IdOf(tree_.At("run"))));
  EXPECT_TRUE(IsInside(IdOf(tree_.At("run/inner"))));
  EXPECT_FALSE(IsInside(IdOf(tree_.At("other"))));
  EXPECT_FALSE(resolver_.IsPopulated(IdOf(tree_.At("other"))));
}

TEST_F(CommandResolverTest, ACgroupThatIsGoneBeforeItIsLookedForIsKnownByTheKernelsWord) {
  resolver_.LearnCgroup(IdOf(tree_.At("run")), "/ns/run");
  resolver_.LearnCgroup(1'000'000'001, "/ns/run/short");
  resolver_.LearnCgroup(1'000'000'002, "/ns/run-2");
  EXPECT_TRUE(IsInside(1'000'000'001));
  EXPECT_FALSE(IsInside(1'000'000'002));
}

TEST_F(CommandResolverTest, CgroupsAreLookedForOnceAnEpoch) {
  EXPECT_FALSE(IsInside(1));
  tree_.Write("run/late/x", "");
  EXPECT_FALSE(IsInside(IdOf(tree_.At("run/late"))));
  resolver_.EndEpoch();
  EXPECT_TRUE(IsInside(IdOf(tree_.At("run/late"))));
}

TEST_F(CommandResolverTest, TheNextCommandIsAnother) {
  resolver_.Begin("the next", tree_.At("other"), IdOf(tree_.At("other")));
  EXPECT_EQ(resolver_.ContainerOf(IdOf(tree_.At("run")), {}), nullptr);
  EXPECT_EQ(resolver_.ContainerOf(IdOf(tree_.At("other")), {})->id, "the next");
}

}  // namespace
}  // namespace brahe::run
