#include "userspace/otlp/wall_time.h"

#include <gtest/gtest.h>

namespace brahe::otlp {
namespace {

constexpr uint64_t kUnixMs = 1'700'000'000'000;

TEST(WallTimeTest, AnInstantKeepsItsTimeThoughTheClocksAreReadToTheMillisecondOnly) {
  WallTime times;
  times.Adjust(Seconds(100), kUnixMs);
  EXPECT_EQ(times.At(Seconds(90)), (kUnixMs - 10'000) * 1'000'000);
  times.Adjust(Seconds(105) + Nanoseconds{700'000}, kUnixMs + 5'000);
  times.Adjust(Seconds(110), kUnixMs + 10'001);
  EXPECT_EQ(times.At(Seconds(90)), (kUnixMs - 10'000) * 1'000'000);
}

TEST(WallTimeTest, FollowsAClockThatIsSet) {
  for (const int64_t step : {-3'600'000, -101, 101, 3'600'000}) {
    WallTime times;
    times.Adjust(Seconds(100), kUnixMs);
    times.Adjust(Seconds(105), kUnixMs + 5'000 + static_cast<uint64_t>(step));
    EXPECT_EQ(times.At(Seconds(105)), (kUnixMs + 5'000 + static_cast<uint64_t>(step)) * 1'000'000) << step;
  }
}

}  // namespace
}  // namespace brahe::otlp
