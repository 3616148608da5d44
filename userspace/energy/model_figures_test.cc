#include "userspace/energy/model_figures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "userspace/energy/model_generation.h"

namespace brahe::energy {
namespace {

TEST(ModelFiguresTest, EveryShapeRisesFromIdleToMaxAndNeverFalls) {
  for (const ModelFigures& figures : AllModelFigures()) {
    EXPECT_EQ(figures.shape.front(), 0) << figures.key;
    EXPECT_EQ(figures.shape.back(), 1000) << figures.key;
    EXPECT_TRUE(std::is_sorted(figures.shape.begin(), figures.shape.end())) << figures.key;
    EXPECT_LT(figures.idle, figures.max) << figures.key;
    EXPECT_GT(figures.idle, Microwatts{100'000}) << figures.key;
    EXPECT_LT(figures.max, Watts(40)) << figures.key;
  }
}

TEST(ModelFiguresTest, EveryGenerationSaysHowFarItIsOff) {
  for (const ModelFigures& figures : AllModelFigures()) {
    EXPECT_GT(figures.error_ppm, 50'000u) << figures.key;
    EXPECT_LT(figures.error_ppm, 10'000'000u) << figures.key;
    EXPECT_GT(figures.shape_error_ppm, 10'000u) << figures.key;
    EXPECT_LT(figures.shape_error_ppm, 250'000u) << figures.key;
  }
}

TEST(ModelFiguresTest, OnlyServersWithResultsOfTheirOwnHaveAUsualSizeAndAnErrorByIt) {
  for (const ModelFigures& figures : AllModelFigures()) {
    EXPECT_EQ(figures.usual.has_value(), figures.systems != 0 && figures.key.ends_with("-server")) << figures.key;
    EXPECT_EQ(figures.usual.has_value(), figures.sized_error_ppm != 0) << figures.key;
    if (!figures.usual) continue;
    EXPECT_GT(figures.sized_error_ppm, 50'000u) << figures.key;
    EXPECT_LT(figures.sized_error_ppm, 1'000'000u) << figures.key;
    EXPECT_GT(figures.usual->threads_per_socket, 1u) << figures.key;
    EXPECT_GT(figures.usual->mib_per_thread, 200u) << figures.key;
  }
}

TEST(ModelFiguresTest, AGenerationOfFewSystemsHasTheShapeOfItsEra) {
  std::set<LoadShape> own, of_era;
  for (const ModelFigures& figures : AllModelFigures()) {
    if (figures.systems == 0 || figures.key.ends_with("-any")) {
      of_era.insert(figures.shape);
    } else {
      EXPECT_GE(figures.systems, 6u) << figures.key;
      EXPECT_TRUE(own.insert(figures.shape).second) << figures.key;
    }
  }
  EXPECT_GT(own.size(), 20u);
  EXPECT_LT(of_era.size(), 8u);
  EXPECT_TRUE(of_era.contains(UsualLoadShape()));
}

TEST(ModelFiguresTest, EveryGenerationCanBeRecognisedAndEveryRecognisedOneHasFigures) {
  std::set<std::string_view> recognised, known;
  for (const std::string_view key : GenerationKeys()) recognised.insert(key);
  for (const ModelFigures& figures : AllModelFigures()) EXPECT_TRUE(known.insert(figures.key).second) << figures.key;
  EXPECT_EQ(recognised, known);
}

}  // namespace
}  // namespace brahe::energy
