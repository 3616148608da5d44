#include "userspace/redfish/poll_schedule.h"

#include <gtest/gtest.h>

namespace brahe::redfish {
namespace {

constexpr Nanoseconds kNow = Seconds(1000);

PowerRound Failure(fetch::FetchCause cause) { return {.faults = {{"/x", {cause, "x: fails"}}}, .failed = true}; }

Nanoseconds WaitAfter(const PowerRound& round, Nanoseconds took = {}) {
  return PollSchedule({.interval = Seconds(10)}).WaitAfter(round, kNow - took, kNow, 0);
}

TEST(PollSchedule, ARoundBeginsAnIntervalAfterTheLastOne) {
  EXPECT_EQ(WaitAfter({}), Seconds(10));
  EXPECT_EQ(WaitAfter({}, Seconds(4)), Seconds(6));
}

TEST(PollSchedule, ASlowBmcIsLeftAloneForAWhile) { EXPECT_EQ(WaitAfter({}, Seconds(40)), Seconds(5)); }

TEST(PollSchedule, AChassisThatFailsPutsNothingOff) {
  PowerRound round = Failure(fetch::FetchCause::kUnauthorized);
  round.failed = false;
  EXPECT_EQ(WaitAfter(round), Seconds(10));
}

TEST(PollSchedule, ARefusedPasswordIsNotTriedOften) {
  EXPECT_EQ(WaitAfter(Failure(fetch::FetchCause::kUnauthorized)), Seconds(600));
  EXPECT_EQ(WaitAfter(Failure(fetch::FetchCause::kForbidden)), Seconds(600));
}

TEST(PollSchedule, ABmcThatDoesNotAnswerIsAskedMoreAndMoreSeldom) {
  PollSchedule schedule({.interval = Seconds(10)});
  Nanoseconds wait = {}, now = kNow;
  for (int i = 0; i < 20; ++i, now = now + wait) {
    const Nanoseconds next = schedule.WaitAfter(Failure(fetch::FetchCause::kTimeout), now, now, UINT64_MAX);
    EXPECT_GE(next, Seconds(10));
    wait = next;
  }
  EXPECT_GE(wait, Seconds(150));
  EXPECT_LE(wait, Seconds(300));
}

TEST(PollSchedule, ABmcThatAsksForTimeHasItWithinBounds) {
  PowerRound busy = Failure(fetch::FetchCause::kStatus);
  busy.retry_after = Seconds(400);
  EXPECT_EQ(WaitAfter(busy), Seconds(400));
  busy.retry_after = Seconds(80'000);
  EXPECT_EQ(WaitAfter(busy), Seconds(600));
}

}  // namespace
}  // namespace brahe::redfish
