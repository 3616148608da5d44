#include "userspace/monitor/shared_text.h"

#include <gtest/gtest.h>

#include <vector>

namespace brahe::monitor {
namespace {

TEST(SharedTextTest, TextsAreEqualByWhatTheySay) {
  EXPECT_EQ(SharedText("a"), SharedText(std::string("a")));
  EXPECT_FALSE(SharedText("a") == SharedText("b"));
  EXPECT_EQ(SharedText(""), SharedText());
  EXPECT_TRUE(SharedText("").empty());
  EXPECT_EQ(SharedText().str(), "");
}

TEST(TextPoolTest, EqualTextsAreOneInMemory) {
  TextPool pool;
  const SharedText a = pool.Share("/usr/bin/worker");
  EXPECT_EQ(&pool.Share(std::string("/usr/bin/worker")).str(), &a.str());
  EXPECT_NE(&pool.Share("/usr/bin/other").str(), &a.str());
  EXPECT_TRUE(pool.Share("").empty());
}

TEST(TextPoolTest, ForgetsWhatNobodyHasAndKeepsTheRest) {
  TextPool pool;
  std::vector<SharedText> kept;
  for (int i = 0; i < 100'000; ++i) {
    const SharedText text = pool.Share(std::to_string(i));
    if (i % 1000 == 0) kept.push_back(text);
  }
  EXPECT_LT(pool.size(), 400u);
  for (size_t i = 0; i < kept.size(); ++i) {
    EXPECT_EQ(kept[i].str(), std::to_string(i * 1000));
    EXPECT_EQ(&pool.Share(kept[i].str()).str(), &kept[i].str());
  }
}

}  // namespace
}  // namespace brahe::monitor
