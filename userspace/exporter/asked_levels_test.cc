#include "userspace/exporter/asked_levels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace brahe::exporter {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(AskedLevels, AQueryWithoutLevelsAsksForNone) {
  EXPECT_THAT(*AskedLevels({}), IsEmpty());
  EXPECT_THAT(*AskedLevels({{"target", "node"}, {"collect", "x"}, {"LEVEL", "x"}}), IsEmpty());
}

TEST(AskedLevels, AreToldOneByOneOrWithCommasOrAsPrometheusDoes) {
  EXPECT_THAT(*AskedLevels({{"level", "pod"}, {"level", "node"}, {"level", "pod"}}), ElementsAre("pod", "node"));
  EXPECT_THAT(*AskedLevels({{"level", "namespace, job"}, {"collect[]", "user"}}),
              ElementsAre("namespace", "job", "user"));
}

TEST(AskedLevels, AWordThatIsNoLevelIsRefusedAndThoseThatAreAreNamed) {
  EXPECT_EQ(
      AskedLevels({{"level", "node"}, {"collect[]", "cpu"}}).error().message,
      "no level is called \"cpu\"; levels are node, namespace, owner, job, pod, vm, container, user, unit, program, "
      "process");
  EXPECT_FALSE(AskedLevels({{"level", ""}}));
  EXPECT_FALSE(AskedLevels({{"level", "node,"}}));
  EXPECT_FALSE(AskedLevels({{"level", std::string("node\0x", 6)}}));
  EXPECT_LT(AskedLevels({{"level", std::string(10'000, 'x')}}).error().message.size(), 200U);
}

}  // namespace
}  // namespace brahe::exporter
