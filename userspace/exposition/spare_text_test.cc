#include "userspace/exposition/spare_text.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace brahe::exposition {
namespace {

TEST(SpareTextTest, MemoryIsUsedAgainByOneAtATimeAndEmpty) {
  SpareText spare;
  EXPECT_LT(spare.Take().capacity(), 1000U);
  std::string text(10'000, 'a');
  const char* const memory = text.data();
  spare.GiveBack(std::move(text));

  const std::string again = spare.Take();
  EXPECT_EQ(again.data(), memory);
  EXPECT_TRUE(again.empty());
  EXPECT_LT(spare.Take().capacity(), 1000U);
}

TEST(SpareTextTest, TheLargestIsKeptUpToABound) {
  SpareText spare;
  spare.GiveBack(std::string(10'000, 'a'));
  spare.GiveBack(std::string(1'000, 'a'));
  spare.GiveBack(std::string(SpareText::kMostBytes + 1, 'a'));
  const size_t capacity = spare.Take().capacity();
  EXPECT_GE(capacity, 10'000U);
  EXPECT_LE(capacity, 20'000U);
}

TEST(SpareTextTest, WhatACrowdNeededIsNotKeptWhenItHasGone) {
  SpareText spare;
  spare.GiveBack(std::string(10'000, 'a'));
  std::string text = spare.Take();
  text.assign(1'000, 'a');
  spare.GiveBack(std::move(text));
  EXPECT_LT(spare.Take().capacity(), 10'000U);
}

}  // namespace
}  // namespace brahe::exposition
