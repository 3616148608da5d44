#include "userspace/base/nearest_name.h"

#include <gtest/gtest.h>

namespace brahe {
namespace {

TEST(NearestNameTest, CountsInsertedRemovedAndReplacedLetters) {
  EXPECT_EQ(EditDistance("", ""), 0U);
  EXPECT_EQ(EditDistance("", "abc"), 3U);
  EXPECT_EQ(EditDistance("abc", ""), 3U);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3U);
  EXPECT_EQ(EditDistance("interval", "intervall"), 1U);
  EXPECT_EQ(EditDistance("ab", "ba"), 2U);
}

TEST(NearestNameTest, FindsTheNameThatWasMeant) {
  const std::vector<std::string> names = {"log.level", "monitor.interval", "monitor.staleness"};
  EXPECT_EQ(NearestName("monitor.intervall", names), "monitor.interval");
  EXPECT_EQ(NearestName("monitor.stalenes", names), "monitor.staleness");
  EXPECT_EQ(NearestName("loglevel", names), "log.level");
}

TEST(NearestNameTest, SuggestsNothingThatIsTooFarAway) {
  const std::vector<std::string> names = {"log.level", "monitor.interval"};
  EXPECT_EQ(NearestName("banana", names), std::nullopt);
  EXPECT_EQ(NearestName("", names), std::nullopt);
  EXPECT_EQ(NearestName(std::string(100'000, 'l'), names), std::nullopt);
  EXPECT_EQ(NearestName("log", {}), std::nullopt);
}

}  // namespace
}  // namespace brahe
