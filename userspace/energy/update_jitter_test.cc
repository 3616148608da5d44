#include "userspace/energy/update_jitter.h"

#include <gtest/gtest.h>

namespace brahe::energy {
namespace {

TEST(UpdateJitter, IsASmallPartOfAnEpochOfSeconds) {
  EXPECT_EQ(UpdateJitterPpm(Seconds(5)), 330U);
  EXPECT_EQ(UpdateJitterPpm(Seconds(1)), 1650U);
  EXPECT_EQ(UpdateJitterPpm(Milliseconds(100)), 16'500U);
}

TEST(UpdateJitter, IsRoundedUpAndNeverNothing) {
  EXPECT_EQ(UpdateJitterPpm(Seconds(7)), 236U);  // 235.7
  EXPECT_EQ(UpdateJitterPpm(Seconds(1'000'000)), 1U);
}

TEST(UpdateJitter, AnEpochShorterThanAStepTellsNothing) {
  EXPECT_EQ(UpdateJitterPpm(kUpdateJitter), 1'000'000U);
  EXPECT_EQ(UpdateJitterPpm({}), 1'000'000U);
  EXPECT_EQ(UpdateJitterPpm(kUpdateJitter * 2), 500'000U);
}

}  // namespace
}  // namespace brahe::energy
