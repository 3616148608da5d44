#include "userspace/kube/unknown_ids.h"

#include <gtest/gtest.h>

#include "userspace/base/fake_clock.h"

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

}  // namespace
}  // namespace brahe::kube
