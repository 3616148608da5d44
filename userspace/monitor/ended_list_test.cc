#include "userspace/monitor/ended_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

namespace brahe::monitor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class EndedListTest : public testing::Test {
 protected:
  std::vector<attribution::AccountId> Settle(EndedList& list, uint64_t second) {
    return list.Settle(Seconds(second), [this](attribution::AccountId account) {
      return EndedList::Standing{Joules(joules[account]), held.contains(account)};
    });
  }
  std::map<attribution::AccountId, uint64_t> joules;
  std::set<attribution::AccountId> held;
};

TEST_F(EndedListTest, KeepsForTheRetentionAndNoLonger) {
  EndedList list({.max_listed = 10, .min_energy = {}, .retention = Seconds(120)});
  list.Add(1, Seconds(100));
  EXPECT_THAT(Settle(list, 100), IsEmpty());
  EXPECT_THAT(Settle(list, 219), IsEmpty());
  EXPECT_THAT(Settle(list, 220), ElementsAre(1));
  EXPECT_THAT(Settle(list, 221), IsEmpty());
}

TEST_F(EndedListTest, DropsThoseBelowTheThresholdAtOnce) {
  EndedList list({.max_listed = 10, .min_energy = Joules(10), .retention = Seconds(120)});
  joules = {{1, 9}, {2, 10}};
  list.Add(1, Seconds(100));
  list.Add(2, Seconds(100));
  EXPECT_THAT(Settle(list, 100), ElementsAre(1));
  EXPECT_EQ(list.size(), 1u);
}

TEST_F(EndedListTest, KeepsThoseWithTheMostEnergyAndOfEqualsTheLatest) {
  EndedList list({.max_listed = 2, .min_energy = {}, .retention = Seconds(120)});
  joules = {{1, 20}, {2, 30}, {3, 20}, {4, 5}};
  for (attribution::AccountId account = 1; account <= 4; ++account) list.Add(account, Seconds(100 + account));
  EXPECT_THAT(Settle(list, 110), UnorderedElementsAre(1, 4));
  joules[5] = 25;
  list.Add(5, Seconds(111));
  EXPECT_THAT(Settle(list, 111), ElementsAre(3));
}

TEST_F(EndedListTest, WithALimitOfZeroListsNoneAndWithANegativeOneAll) {
  EndedList none({.max_listed = 0, .min_energy = {}, .retention = Seconds(120)});
  EndedList all({.max_listed = -1, .min_energy = {}, .retention = Seconds(120)});
  for (attribution::AccountId account = 0; account < 1000; ++account) {
    none.Add(account, Seconds(100));
    all.Add(account, Seconds(100));
  }
  EXPECT_EQ(Settle(none, 100).size(), 1000u);
  EXPECT_THAT(Settle(all, 100), IsEmpty());
}

TEST_F(EndedListTest, ForgetsAnEndThatIsTakenBack) {
  EndedList list({.max_listed = 10, .min_energy = {}, .retention = Seconds(120)});
  list.Add(1, Seconds(100));
  list.Remove(1);
  EXPECT_THAT(Settle(list, 1000), IsEmpty());
}

TEST_F(EndedListTest, KeepsWhatIsHeldWhateverTheTimeTheEnergyAndTheRank) {
  EndedList list({.max_listed = 1, .min_energy = Joules(5), .retention = Seconds(120)});
  list.Add(1, Seconds(100));
  list.Add(2, Seconds(100));
  joules = {{1, 1}, {2, 50}};
  held = {1};
  EXPECT_THAT(Settle(list, 100), ElementsAre(2));
  EXPECT_THAT(Settle(list, 1000), IsEmpty());
  held.clear();
  EXPECT_THAT(Settle(list, 1001), ElementsAre(1));
}

}  // namespace
}  // namespace brahe::monitor
