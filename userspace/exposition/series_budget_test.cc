#include "userspace/exposition/series_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace brahe::exposition {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::vector<SeriesDemand> Demands(uint64_t pods, uint64_t processes) {
  return {{.level = "pod", .members = pods, .series = 6}, {.level = "process", .members = processes, .series = 7}};
}

TEST(SeriesBudget, WhatFitsHasNoBound) {
  SeriesBudget budget;
  EXPECT_THAT(budget.Divide(0, 1000, Demands(1000, 1000)), IsEmpty());
  EXPECT_THAT(budget.Divide(100 + 60 + 70, 100, Demands(10, 10)), IsEmpty());
}

TEST(SeriesBudget, TheLastGivesWayFirst) {
  SeriesBudget budget;
  EXPECT_THAT(budget.Divide(229, 100, Demands(10, 10)), ElementsAre(Pair("process", 9)));
  EXPECT_THAT(budget.Divide(159, 100, Demands(10, 10)), ElementsAre(Pair("pod", 9), Pair("process", 0)));
  EXPECT_THAT(budget.Divide(99, 100, Demands(10, 10)), ElementsAre(Pair("pod", 0), Pair("process", 0)));
}

TEST(SeriesBudget, ABoundRisesByAnEighthAtLeastAndGoesOnlyWithRoomToSpare) {
  SeriesBudget budget;
  EXPECT_THAT(budget.Divide(700, 0, Demands(0, 101)), ElementsAre(Pair("process", 100)));
  EXPECT_THAT(budget.Divide(700, 0, Demands(1, 101)), ElementsAre(Pair("process", 99)));
  EXPECT_THAT(budget.Divide(707, 0, Demands(0, 101)), ElementsAre(Pair("process", 99)));
  EXPECT_THAT(budget.Divide(784, 0, Demands(0, 200)), ElementsAre(Pair("process", 112)));
  EXPECT_THAT(budget.Divide(784, 0, Demands(0, 100)), IsEmpty());
}

TEST(SeriesBudget, ALevelThatWantsNothingHasNoBound) {
  SeriesBudget budget;
  budget.Divide(50, 0, Demands(1, 10));
  EXPECT_THAT(budget.Divide(50, 0, {Demands(1, 10)[0]}), IsEmpty());
}

TEST(SeriesBudget, NeverHasMoreThanTheLimitUnlessWhatIsFixedHas) {
  std::mt19937 random(3);
  SeriesBudget budget;
  for (int i = 0; i < 5000; ++i) {
    const std::vector<SeriesDemand> demands = Demands(random() % 20, random() % 50);
    const uint64_t most = 1 + random() % 600, fixed = random() % 100;
    const LevelBounds bounds = budget.Divide(most, fixed, demands);
    uint64_t series = fixed;
    for (const SeriesDemand& demand : demands) {
      const auto at = bounds.find(demand.level);
      series += demand.series * (at != bounds.end() ? std::min(at->second, demand.members) : demand.members);
    }
    ASSERT_LE(series, std::max(most, fixed));
  }
}

}  // namespace
}  // namespace brahe::exposition
