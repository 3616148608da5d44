#include "userspace/run/statistics.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace brahe::run {
namespace {

TEST(StatisticsTest, SummaryIsMeanSampleDeviationMedianAndEnds) {
  const Summary summary = Summarize(std::array{2.0, 4.0, 9.0, 5.0});
  EXPECT_DOUBLE_EQ(summary.mean, 5);
  EXPECT_DOUBLE_EQ(summary.deviation, std::sqrt(26.0 / 3));
  EXPECT_DOUBLE_EQ(summary.median, 4.5);
  EXPECT_EQ(summary.minimum, 2);
  EXPECT_EQ(summary.maximum, 9);
}

TEST(StatisticsTest, OneValueHasNoDeviationAndNoOutlier) {
  const Summary summary = Summarize(std::array{3.0});
  EXPECT_EQ(summary.deviation, 0);
  EXPECT_EQ(summary.median, 3);
  EXPECT_TRUE(summary.outliers.empty());
}

TEST(StatisticsTest, OutliersAreBeyondThreeAndAHalfModifiedDeviations) {
  // The median is 10 and the median distance 1: the limit is at a distance of 5.19.
  const Summary summary = Summarize(std::array{9.0, 10.0, 11.0, 15.1, 15.3, 9.0, 10.0, 4.7, 10.5, 9.5, 11.0});
  EXPECT_EQ(summary.outliers, (std::vector<size_t>{4, 7}));
}

TEST(StatisticsTest, WhereMostValuesAreEqualNoneIsAnOutlier) {
  EXPECT_TRUE(Summarize(std::array{1.0, 1.0, 1.0, 5.0}).outliers.empty());
}

TEST(StatisticsTest, RatioOfPairsHasStudentsInterval) {
  // Logarithms 1 and 3: mean 2, deviation sqrt(2), of the mean 1.
  const auto ratio = Compare(std::array{1.0, 2.0}, std::array{std::exp(1.0), 2 * std::exp(3.0)});
  ASSERT_TRUE(ratio);
  EXPECT_NEAR(std::log(ratio->ratio), 2, 1e-9);
  EXPECT_NEAR(std::log(*ratio->low), 2 - 12.7062, 1e-9);
  EXPECT_NEAR(std::log(*ratio->high), 2 + 12.7062, 1e-9);
}

TEST(StatisticsTest, OnePairHasARatioWithoutAnInterval) {
  const auto ratio = Compare(std::array{2.0}, std::array{3.0});
  ASSERT_TRUE(ratio);
  EXPECT_NEAR(ratio->ratio, 1.5, 1e-12);
  EXPECT_FALSE(ratio->low);
}

TEST(StatisticsTest, ThereIsNoRatioToNothing) {
  EXPECT_FALSE(Compare(std::array{0.0, 1.0}, std::array{1.0, 1.0}));
  EXPECT_FALSE(Compare({}, {}));
}

TEST(StatisticsTest, QuantilesAreThoseOfTables) {
  EXPECT_NEAR(StudentQuantile(1), 12.706, 0.001);
  EXPECT_NEAR(StudentQuantile(10), 2.228, 0.001);
  EXPECT_NEAR(StudentQuantile(11), 2.201, 0.001);
  EXPECT_NEAR(StudentQuantile(30), 2.042, 0.001);
  EXPECT_NEAR(StudentQuantile(1000), 1.962, 0.001);
}

}  // namespace
}  // namespace brahe::run
