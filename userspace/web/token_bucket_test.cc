#include "userspace/web/token_bucket.h"

#include <gtest/gtest.h>

#include "userspace/base/fake_clock.h"

namespace brahe::web {
namespace {

TEST(TokenBucket, LetsABurstPassAndThenOneInEachInterval) {
  FakeClock clock;
  TokenBucket bucket({.interval = Seconds(1), .burst = 3}, clock);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.Take());
  EXPECT_FALSE(bucket.Take());
  clock.Advance(Milliseconds(999));
  EXPECT_FALSE(bucket.Take());
  clock.Advance(Milliseconds(1));
  EXPECT_TRUE(bucket.Take());
  EXPECT_FALSE(bucket.Take());
}

TEST(TokenBucket, GathersNoMoreThanABurst) {
  FakeClock clock;
  TokenBucket bucket({.interval = Milliseconds(1), .burst = 2}, clock);
  clock.Advance(Seconds(3600));
  EXPECT_TRUE(bucket.Take());
  EXPECT_TRUE(bucket.Take());
  EXPECT_FALSE(bucket.Take());
}

}  // namespace
}  // namespace brahe::web
