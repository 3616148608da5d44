#include "userspace/kube/unknown_ids.h"

#include <gtest/gtest.h>

#include "userspace/base/fake_clock.h"
#include "userspace/kube/backoff.h"

namespace brahe::kube {
namespace {

class UnknownIdsTest : public testing::Test {
 protected:
  // A look that takes no time and finds nothing.
  void LookInVain() { ids_.Answer(clock_.Now(), clock_.Now()); }

  FakeClock clock_;
  UnknownIds ids_{{.first_delay = Seconds(1), .longest_delay = Seconds(8), .max_ids = 3}};
};

TEST_F(UnknownIdsTest, ANewIdIsWorthALookAtOnceAndOnce) {
  EXPECT_FALSE(ids_.Wanted());
  EXPECT_TRUE(ids_.Ask("a", clock_.Now()));
  EXPECT_FALSE(ids_.Ask("a", clock_.Now()));
  EXPECT_FALSE(ids_.Ask("b", clock_.Now())) << "one look answers both";
  EXPECT_TRUE(ids_.Wanted());
  LookInVain();
  EXPECT_FALSE(ids_.Wanted());
}

TEST_F(UnknownIdsTest, AfterEachLookInVainTheDelayDoublesUpToTheLongest) {
  ids_.Ask("a", clock_.Now());
  for (const uint64_t delay : {1, 2, 4, 8, 8, 8}) {
    LookInVain();
    clock_.Advance(Seconds(delay) - Nanoseconds{1});
    EXPECT_FALSE(ids_.Ask("a", clock_.Now())) << delay;
    clock_.Advance(Nanoseconds{1});
    EXPECT_TRUE(ids_.Ask("a", clock_.Now())) << delay;
  }
}

TEST_F(UnknownIdsTest, LooksThatAreMadeAnywayCountAsWell) {
  ids_.Ask("a", clock_.Now());
  for (int i = 0; i < 4; ++i) {
    LookInVain();
    clock_.Advance(Milliseconds(500));
  }
  EXPECT_FALSE(ids_.Ask("a", clock_.Now())) << "the delay is 8 s by now";
}

TEST_F(UnknownIdsTest, AnIdThatIsAskedForDuringALookIsNotAnsweredByIt) {
  const Nanoseconds began = clock_.Now();
  clock_.Advance(Seconds(1));
  ids_.Ask("a", clock_.Now());
  ids_.Answer(began, clock_.Now());
  EXPECT_TRUE(ids_.Wanted());
  LookInVain();
  EXPECT_FALSE(ids_.Wanted());
}

TEST_F(UnknownIdsTest, WhatBecomesKnownIsForgotten) {
  ids_.Ask("a", clock_.Now());
  ids_.Ask("b", clock_.Now());
  ids_.Forget([](const std::string& id) { return id == "a"; });
  EXPECT_TRUE(ids_.Wanted());
  ids_.Forget([](const std::string& id) { return id == "b"; });
  EXPECT_FALSE(ids_.Wanted());
  EXPECT_EQ(ids_.size(), 0U);
}

TEST_F(UnknownIdsTest, WhatNobodyAsksForAnyMoreIsForgotten) {
  ids_.Ask("a", clock_.Now());
  ids_.Ask("b", clock_.Now());
  LookInVain();
  clock_.Advance(Seconds(10));
  ids_.Ask("b", clock_.Now());
  clock_.Advance(Seconds(7));
  LookInVain();
  EXPECT_EQ(ids_.size(), 1U);
}

TEST_F(UnknownIdsTest, HowManyAreRememberedIsBounded) {
  for (const char* id : {"a", "b", "c"}) ids_.Ask(id, clock_.Now());
  LookInVain();
  EXPECT_FALSE(ids_.Ask("d", clock_.Now()));
  EXPECT_FALSE(ids_.Wanted());
  EXPECT_EQ(ids_.size(), 3U);
}

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
}  // namespace brahe::kube
