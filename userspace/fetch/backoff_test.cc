#include "userspace/fetch/backoff.h"

#include <gtest/gtest.h>

namespace brahe::fetch {
namespace {

TEST(BackoffTest, DoublesFromTheFirstToTheLongestLessUpToAHalf) {
  const Nanoseconds start = Seconds(1000);
  for (const uint64_t random : {uint64_t{0}, ~uint64_t{0}, uint64_t{12345}}) {
    Backoff backoff({.first = Seconds(1), .longest = Seconds(4)});
    for (const uint64_t delay : {1, 2, 4, 4}) {
      const Nanoseconds wait = backoff.Next(start, start, random);
      EXPECT_GE(wait, Seconds(delay) / 2);
      EXPECT_LE(wait, Seconds(delay));
    }
  }
}

TEST(BackoffTest, StartsOverWhereThingsWentWellForAsLongAsTheLastWait) {
  Backoff backoff({.first = Seconds(1), .longest = Seconds(60)});
  Nanoseconds now = Seconds(1000);
  for (int i = 0; i < 4; ++i) now += backoff.Next(now, now, 0);
  EXPECT_GT(backoff.Next(now + Seconds(7), now + Seconds(7), 0), Seconds(7));
  now += Seconds(20);
  EXPECT_LE(backoff.Next(now + Seconds(20), now + Seconds(20), 0), Seconds(1));
}

TEST(BackoffTest, AFailureThatTakesLongIsNoTimeInWhichThingsGoWell) {
  Backoff backoff({.first = Seconds(1), .longest = Seconds(60)});
  Nanoseconds now = Seconds(1000);
  Nanoseconds last;
  for (int i = 0; i < 5; ++i) {
    const Nanoseconds began = now;
    now += Seconds(30);  // until it times out
    last = backoff.Next(began, now, 0);
    now += last;
  }
  EXPECT_EQ(last, Seconds(8));
}

}  // namespace
}  // namespace brahe::fetch
