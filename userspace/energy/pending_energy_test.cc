#include "userspace/energy/pending_energy.h"

#include <gtest/gtest.h>

#include <random>

namespace brahe::energy {
namespace {

TEST(PendingEnergyTest, GivesThePartOfTheTimeAndKeepsTheRest) {
  PendingEnergy pending;
  pending.Add(Joules(10), Seconds(1), Seconds(6));
  EXPECT_EQ(pending.TakeUntil(Seconds(5)), Joules(8));
  pending.Add(Joules(30), Seconds(6), Seconds(9));
  EXPECT_EQ(pending.TakeUntil(Seconds(8)), Joules(2 + 20));
  EXPECT_EQ(pending.TakeUntil(Seconds(9)), Joules(10));
  EXPECT_EQ(pending.TakeUntil(Seconds(10)), Joules(0));
}

TEST(PendingEnergyTest, MayGiveTheEnergyBetweenTwoReadingsInSeveralParts) {
  PendingEnergy pending;
  pending.Add(Joules(10), {}, Seconds(10));
  EXPECT_EQ(pending.TakeUntil(Seconds(4)), Joules(4));
  EXPECT_EQ(pending.TakeUntil(Seconds(3)), Joules(0));
  EXPECT_EQ(pending.TakeUntil(Seconds(7)), Joules(3));
  EXPECT_EQ(pending.TakeUntil(Seconds(10)), Joules(3));
}

TEST(PendingEnergyTest, RoundsDownAndGivesWhatWasCutOffLater) {
  PendingEnergy pending;
  pending.Add({10}, {}, {3});
  EXPECT_EQ(pending.TakeUntil({1}), Microjoules{3});
  EXPECT_EQ(pending.TakeUntil({3}), Microjoules{7});
}

TEST(PendingEnergyTest, GivesAllWhereTheLastReadingIsNotAfterTheEnd) {
  PendingEnergy pending;
  pending.Add(Joules(1), Seconds(1), Seconds(2));
  pending.Add(Joules(2), Seconds(2), Seconds(3));
  EXPECT_EQ(pending.TakeUntil(Seconds(3)), Joules(3));
  pending.Add(Joules(4), Seconds(3), Seconds(4));
  EXPECT_EQ(pending.TakeUntil(Seconds(100)), Joules(4));
}

TEST(PendingEnergyTest, TakesReadingsOfOneInstantAsAWhole) {
  PendingEnergy pending;
  pending.Add(Joules(1), Seconds(1), Seconds(1));
  EXPECT_EQ(pending.TakeUntil(Seconds(1)), Joules(1));
  EXPECT_EQ(pending.TakeUntil({}), Joules(0));
}

TEST(PendingEnergyTest, GivesOlderEnergyWholeToAnEndBeforeTheLastTwoReadings) {
  PendingEnergy pending;
  pending.Add(Joules(1), Seconds(1), Seconds(2));
  pending.Add(Joules(2), Seconds(2), Seconds(3));
  EXPECT_EQ(pending.TakeUntil({}), Joules(1));
  EXPECT_EQ(pending.TakeUntil(Seconds(3)), Joules(2));
}

TEST(PendingEnergyTest, GreatFiguresDoNotOverflow) {
  PendingEnergy pending;
  const Nanoseconds year = Seconds(365ULL * 86'400);
  pending.Add({UINT64_MAX}, year, year * 3);
  EXPECT_EQ(pending.TakeUntil(year * 2), Microjoules{UINT64_MAX / 2});
}

TEST(PendingEnergyTest, GivesAllOnceWhateverTheTimes) {
  std::mt19937_64 random(5);
  for (int walk = 0; walk < 300; ++walk) {
    PendingEnergy pending;
    Microjoules added, taken;
    Nanoseconds read, cut;
    for (int i = 0; i < 100; ++i) {
      const Nanoseconds next = read + Nanoseconds{random() % 1000};
      const Microjoules step{random() >> (random() % 54 + 10)};
      pending.Add(step, read, next);
      added += step;
      cut = read + Nanoseconds{random() % 1500};
      read = next;
      if (random() % 3 != 0) taken += pending.TakeUntil(cut);
      ASSERT_LE(taken, added);
    }
    EXPECT_EQ(taken + pending.TakeUntil(read), added);
  }
}

}  // namespace
}  // namespace brahe::energy
