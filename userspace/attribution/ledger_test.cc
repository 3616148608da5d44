#include "userspace/attribution/ledger.h"

#include <gtest/gtest.h>

namespace brahe::attribution {
namespace {

LeafTime Leaf(uint32_t pid, uint32_t socket, uint64_t time, AccountId process, AccountId container = kNoAccount) {
  LeafTime leaf{.process = {pid, 1}, .cgroup_id = 1, .socket = socket, .time = {time}};
  leaf.accounts[Level::kProcess] = process;
  leaf.accounts[Level::kContainer] = container;
  return leaf;
}

void Post(Ledger& ledger, std::vector<LedgerSocket> sockets, std::vector<std::optional<Microjoules>> energy,
          std::vector<LeafTime> leaves) {
  ledger.Post({.sockets = sockets, .energy = energy}, leaves);
}

TEST(LedgerTest, SplitsAZoneIntoIdleAndTheSharesOfItsLeaves) {
  Ledger ledger({{.series = 0, .socket = 0}});
  const AccountId a = ledger.Open(), b = ledger.Open(), box = ledger.Open();
  Post(ledger, {{0, {100}, {40}}}, {Microjoules{1000}}, {Leaf(1, 0, 20, a, box), Leaf(2, 0, 40, b, box)});
  EXPECT_EQ(ledger.zones()[0].all.total.value, 1000u);
  EXPECT_EQ(ledger.zones()[0].active.total.value, 600u);
  EXPECT_EQ(ledger.zones()[0].idle.total.value, 400u);
  EXPECT_EQ(ledger.BalanceOf(a, 0).total.value, 200u);
  EXPECT_EQ(ledger.BalanceOf(b, 0).total.value, 400u);
  EXPECT_EQ(ledger.BalanceOf(box, 0).total.value, 600u);
  EXPECT_EQ(ledger.CpuTime(box).value, 60u);
  EXPECT_EQ(ledger.unassigned()[0].total.value, 0u);
}

TEST(LedgerTest, ChargesASocketsEnergyOnlyToTimeThatRanOnIt) {
  Ledger ledger({{.series = 0, .socket = 0}, {.series = 0, .socket = 1}, {.series = 1, .socket = std::nullopt}});
  const AccountId a = ledger.Open(), b = ledger.Open();
  Post(ledger, {{1, {100}, {50}}, {0, {100}, {50}}}, {Microjoules{1000}, Microjoules{30}, Microjoules{400}},
       {Leaf(1, 0, 50, a), Leaf(2, 1, 50, b)});
  EXPECT_EQ(ledger.BalanceOf(a, 0).total.value, 500u);
  EXPECT_EQ(ledger.BalanceOf(b, 0).total.value, 15u);
  EXPECT_EQ(ledger.BalanceOf(a, 1).total.value, 100u);
  EXPECT_EQ(ledger.BalanceOf(b, 1).total.value, 100u);
}

TEST(LedgerTest, BooksTimeThatIsNeitherIdleNorInALeafAsUnassigned) {
  Ledger ledger({{.series = 0, .socket = 0}});
  const AccountId a = ledger.Open(), box = ledger.Open();
  Post(ledger, {{0, {100}, {20}}}, {Microjoules{1000}}, {Leaf(1, 0, 30, a), Leaf(0, 0, 10, kNoAccount, box)});
  EXPECT_EQ(ledger.BalanceOf(a, 0).total.value, 300u);
  EXPECT_EQ(ledger.BalanceOf(box, 0).total.value, 100u);
  EXPECT_EQ(ledger.unassigned()[0].total.value, 500u);
  EXPECT_EQ(ledger.unassigned_time().value, 50u);
}

TEST(LedgerTest, TakesTheSumOfLeavesAsBusyWhereItIsMore) {
  Ledger ledger({{.series = 0, .socket = 0}});
  const AccountId a = ledger.Open();
  Post(ledger, {{0, {100}, {90}}}, {Microjoules{1000}}, {Leaf(1, 0, 30, a)});
  EXPECT_EQ(ledger.BalanceOf(a, 0).total.value, 300u);
  EXPECT_EQ(ledger.unassigned_time().value, 0u);
}

TEST(LedgerTest, TakesASocketThatOnlyLeavesSpeakOfAsBusy) {
  Ledger ledger({{.series = 0, .socket = 3}, {.series = 1, .socket = 4}});
  const AccountId a = ledger.Open();
  Post(ledger, {{0, {100}, {90}}}, {Microjoules{1000}, Microjoules{70}}, {Leaf(1, 3, 30, a)});
  EXPECT_EQ(ledger.BalanceOf(a, 0).total.value, 1000u);
  EXPECT_EQ(ledger.zones()[1].idle.total.value, 70u) << "a socket that nobody speaks of";
}

TEST(LedgerTest, LeavesOutAZoneThatIsNotKnown) {
  Ledger ledger({{.series = 0, .socket = 0}, {.series = 1, .socket = 0}});
  const AccountId a = ledger.Open();
  Post(ledger, {{0, {100}, {0}}}, {Microjoules{10}, Microjoules{20}}, {Leaf(1, 0, 100, a)});
  Post(ledger, {{0, {100}, {0}}}, {std::nullopt, Microjoules{5}}, {Leaf(1, 0, 100, a)});
  EXPECT_FALSE(ledger.zones()[0].known);
  EXPECT_EQ(ledger.zones()[0].all.total.value, 10u);
  EXPECT_EQ(ledger.zones()[0].all.last.value, 0u);
  EXPECT_EQ(ledger.BalanceOf(a, 0).total.value, 10u);
  EXPECT_EQ(ledger.BalanceOf(a, 0).last.value, 0u);
  EXPECT_EQ(ledger.BalanceOf(a, 1).total.value, 25u);
  EXPECT_EQ(ledger.BalanceOf(a, 1).last.value, 5u);
}

TEST(LedgerTest, LastIsOfTheLastEpochAlone) {
  Ledger ledger({{.series = 0, .socket = 0}});
  const AccountId a = ledger.Open();
  Post(ledger, {{0, {100}, {50}}}, {Microjoules{10}}, {Leaf(1, 0, 25, a)});
  EXPECT_EQ(ledger.BalanceOf(a, 0).last.value, 3u);
  EXPECT_EQ(ledger.unassigned()[0].last.value, 2u);
  Post(ledger, {{0, {100}, {100}}}, {Microjoules{10}}, {});
  EXPECT_EQ(ledger.BalanceOf(a, 0).last.value, 0u);
  EXPECT_EQ(ledger.BalanceOf(a, 0).total.value, 3u);
  EXPECT_EQ(ledger.unassigned()[0].last.value, 0u);
}

TEST(LedgerTest, MergesOneAccountIntoAnother) {
  Ledger ledger({{.series = 0, .socket = 0}});
  const AccountId a = ledger.Open(), b = ledger.Open();
  Post(ledger, {{0, {10}, {}}}, {Microjoules{100}}, {Leaf(1, 0, 10, a)});
  Post(ledger, {{0, {10}, {}}}, {Microjoules{60}}, {Leaf(2, 0, 10, b)});
  ledger.Merge(a, b);
  EXPECT_EQ(ledger.BalanceOf(b, 0).total.value, 160u);
  EXPECT_EQ(ledger.BalanceOf(b, 0).last.value, 60u);
  EXPECT_EQ(ledger.CpuTime(b).value, 20u);
  EXPECT_EQ(ledger.Open(), a) << "its number is free again";
}

TEST(LedgerTest, BooksAGuestInAContainerAtEveryLevel) {
  Ledger ledger({{.series = 0, .socket = 0}});
  LeafTime leaf{.process = {1, 1}, .cgroup_id = 1, .socket = 0, .time = {100}};
  for (const Level level : {Level::kProcess, Level::kContainer, Level::kVm, Level::kPod, Level::kGroups}) {
    leaf.accounts[level] = ledger.Open();
  }
  Post(ledger, {{0, {100}, {0}}}, {Microjoules{10}}, {leaf});
  for (const AccountId account : leaf.accounts) {
    EXPECT_EQ(ledger.BalanceOf(account, 0).total.value, 10u);
    EXPECT_EQ(ledger.CpuTime(account).value, 100u);
  }
  EXPECT_EQ(ledger.zones()[0].active.total.value, 10u);
}

TEST(LedgerTest, AClearedAccountIsAsGoodAsNew) {
  Ledger ledger({{.series = 0, .socket = 0}});
  const AccountId box = ledger.Open();
  Post(ledger, {{0, {10}, {}}}, {Microjoules{100}}, {Leaf(1, 0, 10, kNoAccount, box)});
  ledger.Clear(box);
  EXPECT_EQ(ledger.BalanceOf(box, 0).total.value, 0u);
  EXPECT_EQ(ledger.BalanceOf(box, 0).last.value, 0u);
  EXPECT_EQ(ledger.CpuTime(box).value, 0u);
  Post(ledger, {{0, {10}, {}}}, {Microjoules{5}}, {Leaf(1, 0, 10, kNoAccount, box)});
  EXPECT_EQ(ledger.BalanceOf(box, 0).total.value, 5u);
}

TEST(LedgerTest, AddsAnAccountToAnotherAndKeepsIt) {
  Ledger ledger({{.series = 0, .socket = 0}});
  const AccountId box = ledger.Open(), pod = ledger.Open();
  Post(ledger, {{0, {10}, {}}}, {Microjoules{100}}, {Leaf(1, 0, 10, kNoAccount, box)});
  ledger.AddTo(box, pod);
  EXPECT_EQ(ledger.BalanceOf(pod, 0).total.value, 100u);
  EXPECT_EQ(ledger.BalanceOf(pod, 0).last.value, 100u);
  EXPECT_EQ(ledger.CpuTime(pod).value, 10u);
  EXPECT_EQ(ledger.BalanceOf(box, 0).total.value, 100u);
}

TEST(LedgerTest, OpensAClosedNumberAgainWithNothingOnIt) {
  Ledger ledger({{.series = 0, .socket = 0}});
  const AccountId a = ledger.Open();
  Post(ledger, {{0, {100}, {0}}}, {Microjoules{10}}, {Leaf(1, 0, 100, a)});
  ledger.Close(a);
  EXPECT_EQ(ledger.Open(), a);
  EXPECT_EQ(ledger.BalanceOf(a, 0).total.value, 0u);
  EXPECT_EQ(ledger.BalanceOf(a, 0).last.value, 0u);
  EXPECT_EQ(ledger.CpuTime(a).value, 0u);
  EXPECT_EQ(ledger.zones()[0].active.total.value, 10u);
}

}  // namespace
}  // namespace brahe::attribution
