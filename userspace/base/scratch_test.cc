#include "userspace/base/scratch.h"

#include <gtest/gtest.h>

namespace brahe {
namespace {

TEST(ScratchTest, GivesBackTheSpaceOfOneLargeUse) {
  std::vector<int> scratch(100'000);
  scratch.clear();
  scratch.resize(10, 7);
  ShrinkScratch(scratch);
  EXPECT_LT(scratch.capacity(), 1000u);
  EXPECT_EQ(scratch, std::vector<int>(10, 7));
}

TEST(ScratchTest, KeepsSpaceThatIsNeededAgainAndAgain) {
  std::vector<int> scratch(100'000);
  scratch.resize(30'000);
  const int* const place = scratch.data();
  ShrinkScratch(scratch);
  EXPECT_EQ(scratch.data(), place);
  EXPECT_GE(scratch.capacity(), 100'000u);
}

}  // namespace
}  // namespace brahe
