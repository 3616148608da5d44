#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>
#include <utility>

#include "userspace/attribution/ledger.h"

namespace brahe::attribution {
namespace {

constexpr uint32_t kSockets = 3;

std::vector<LedgerZone> Zones() {
  return {{.series = 0, .socket = 0}, {.series = 0, .socket = 1}, {.series = 1, .socket = std::nullopt},
          {.series = 2, .socket = 2}, {.series = 2, .socket = 0}, {.series = 0, .socket = 2}};
}

struct Facts {
  std::vector<LedgerSocket> sockets;
  std::vector<std::optional<Microjoules>> energy;
  std::vector<LeafTime> leaves;  // accounts: filled in by Books
};

// A random epoch: few keys, so that they meet again; zeros, unknown zones, sockets that are not told and absurd times.
Facts RandomFacts(std::mt19937_64& random) {
  Facts facts;
  const bool absurd = random() % 20 == 0;
  const auto time = [&] { return Nanoseconds{absurd ? random() : random() % 5'000'000'000}; };
  for (uint32_t socket = 0; socket < kSockets; ++socket) {
    if (random() % 10 != 0) facts.sockets.push_back({socket, time() * (absurd ? 1 : 4), time()});
  }
  for (size_t zone = 0; zone < Zones().size(); ++zone) {
    const uint64_t energy = random() % 4 == 0 ? random() % 3 : random() % 1'000'000'000;
    facts.energy.push_back(random() % 8 == 0 ? std::nullopt : std::optional(Microjoules{energy}));
  }
  std::map<std::tuple<uint32_t, uint64_t, uint32_t>, Nanoseconds> times;
  for (size_t i = random() % 40; i > 0; --i) times[{random() % 8, random() % 4, random() % kSockets}] = time();
  for (const auto& [key, t] : times) {
    const auto& [pid, cgroup, socket] = key;
    facts.leaves.push_back({.process = {pid, pid}, .cgroup_id = cgroup, .socket = socket, .time = t});
  }
  std::shuffle(facts.leaves.begin(), facts.leaves.end(), random);
  return facts;
}

// The account's key at each level, 0 where a leaf has none: processes by pid; containers by cgroup, but cgroup 0 is in
// none; a pod of every two cgroups but the first two; a virtual machine of every two pids but the first two, whatever
// container they are in; and groups of all processes whose pid has the same rest by 3.
constexpr Level kAllLevels[] = {Level::kProcess, Level::kContainer, Level::kVm, Level::kPod, Level::kGroups};
uint64_t KeyOf(const LeafTime& leaf, Level level) {
  switch (level) {
    case Level::kProcess:
      return leaf.process.pid;
    case Level::kContainer:
      return leaf.cgroup_id;
    case Level::kVm:
      return leaf.process.pid / 2;
    case Level::kPod:
      return leaf.cgroup_id / 2;
    case Level::kGroups:
      return leaf.process.pid % 3;
  }
  return 0;
}

// A ledger whose accounts are opened on demand and closed at random, with sums of what closed processes had.
class Books {
 public:
  explicit Books(bool closes) : closes_(closes) {}

  void Post(Facts facts, std::mt19937_64& random) {
    for (LeafTime& leaf : facts.leaves) {
      for (const Level level : kAllLevels) {
        if (const uint64_t key = KeyOf(leaf, level); key != 0) leaf.accounts[level] = AccountOf(level, key);
      }
    }
    ledger.Post({.sockets = facts.sockets, .energy = facts.energy}, facts.leaves);
    if (!closes_ || random() % 2 == 0) return;
    const Level level = kAllLevels[random() % kLevels];
    std::map<uint64_t, AccountId>& accounts = accounts_[static_cast<size_t>(level)];
    if (accounts.empty()) return;
    const auto victim = std::next(accounts.begin(), random() % accounts.size());
    for (size_t s = 0; level == Level::kProcess && s < ledger.series(); ++s) {
      closed_[s] += ledger.BalanceOf(victim->second, s).total;
    }
    ledger.Close(victim->second);
    accounts.erase(victim);
  }

  Microjoules ProcessSum(size_t series) const {
    Microjoules sum = closed_[series];
    for (const auto& [pid, account] : accounts(Level::kProcess)) sum += ledger.BalanceOf(account, series).total;
    return sum;
  }
  Microjoules ActiveSum(size_t series) const {
    Microjoules sum;
    const std::vector<LedgerZone> zones = Zones();
    for (size_t z = 0; z < zones.size(); ++z) {
      if (zones[z].series == series) sum += ledger.zones()[z].active.total;
    }
    return sum;
  }
  const std::map<uint64_t, AccountId>& accounts(Level level) const { return accounts_[static_cast<size_t>(level)]; }

  Ledger ledger{Zones()};

 private:
  AccountId AccountOf(Level level, uint64_t key) {
    const auto [it, added] = accounts_[static_cast<size_t>(level)].emplace(key, kNoAccount);
    if (added) it->second = ledger.Open();
    return it->second;
  }

  bool closes_;
  std::array<std::map<uint64_t, AccountId>, kLevels> accounts_;
  std::array<Microjoules, 3> closed_;
};

class LedgerPropertyTest : public testing::Test {
 protected:
  LedgerPropertyTest() { RecordProperty("seed", std::to_string(seed)); }
  const uint64_t seed = std::random_device()();
  std::mt19937_64 random{seed};
  testing::ScopedTrace trace{__FILE__, __LINE__, testing::Message() << "seed " << seed};
};

TEST_F(LedgerPropertyTest, TheBooksBalanceAfterEveryEpochAndNoZoneGoesDown) {
  for (int round = 0; round < 30; ++round) {
    Books books(/*closes=*/true);
    std::vector<ZoneBalance> before(Zones().size());
    std::vector<Balance> unassigned_before(books.ledger.series());
    for (int epoch = 0; epoch < 50; ++epoch) {
      books.Post(RandomFacts(random), random);
      const std::vector<ZoneBalance>& now = books.ledger.zones();
      for (size_t z = 0; z < now.size(); ++z) {
        ASSERT_EQ(now[z].all.total, now[z].active.total + now[z].idle.total);
        ASSERT_EQ(now[z].all.last, now[z].active.last + now[z].idle.last);
        ASSERT_EQ(now[z].all.total, before[z].all.total + now[z].all.last);
        ASSERT_GE(now[z].active.total, before[z].active.total);
        ASSERT_GE(now[z].idle.total, before[z].idle.total);
      }
      for (size_t s = 0; s < books.ledger.series(); ++s) {
        ASSERT_EQ(books.ActiveSum(s), books.ProcessSum(s) + books.ledger.unassigned()[s].total) << "series " << s;
        ASSERT_GE(books.ledger.unassigned()[s].total, unassigned_before[s].total);
      }
      before = now;
      unassigned_before = books.ledger.unassigned();
    }
  }
}

TEST_F(LedgerPropertyTest, NoAccountGoesDown) {
  Books books(/*closes=*/false);
  std::map<AccountId, std::vector<Microjoules>> before;
  std::map<AccountId, Nanoseconds> time_before;
  for (int epoch = 0; epoch < 1000; ++epoch) {
    books.Post(RandomFacts(random), random);
    for (const Level level : kAllLevels) {
      for (const auto& [key, account] : books.accounts(level)) {
        ASSERT_GE(books.ledger.CpuTime(account), time_before[account]);
        time_before[account] = books.ledger.CpuTime(account);
        std::vector<Microjoules>& totals = before[account];
        totals.resize(books.ledger.series());
        for (size_t s = 0; s < books.ledger.series(); ++s) {
          const Balance balance = books.ledger.BalanceOf(account, s);
          ASSERT_EQ(balance.total, totals[s] + balance.last);
          totals[s] = balance.total;
        }
      }
    }
  }
}

TEST_F(LedgerPropertyTest, NothingDependsOnTheOrderOfLeavesAndSockets) {
  Books one(/*closes=*/false), other(/*closes=*/false);
  for (int epoch = 0; epoch < 300; ++epoch) {
    Facts facts = RandomFacts(random);
    one.Post(facts, random);
    std::shuffle(facts.leaves.begin(), facts.leaves.end(), random);
    std::shuffle(facts.sockets.begin(), facts.sockets.end(), random);
    other.Post(facts, random);
    for (const Level level : kAllLevels) {
      for (const auto& [key, account] : one.accounts(level)) {
        const AccountId twin = other.accounts(level).at(key);
        for (size_t s = 0; s < one.ledger.series(); ++s) {
          ASSERT_EQ(one.ledger.BalanceOf(account, s).total, other.ledger.BalanceOf(twin, s).total);
        }
      }
    }
  }
}

TEST_F(LedgerPropertyTest, AnAccountOfAnyLevelHasTheSumOfItsLeavesShares) {
  // Every leaf gets a process account of its own, so that its share can be seen.
  for (int epoch = 0; epoch < 300; ++epoch) {
    Ledger ledger(Zones());
    Facts facts = RandomFacts(random);
    std::map<std::pair<Level, uint64_t>, AccountId> accounts;
    for (LeafTime& leaf : facts.leaves) {
      leaf.accounts[Level::kProcess] = ledger.Open();
      for (const Level level : {Level::kContainer, Level::kVm, Level::kPod}) {
        const auto [it, added] = accounts.emplace(std::pair(level, KeyOf(leaf, level)), kNoAccount);
        if (it->first.second == 0) continue;
        if (added) it->second = ledger.Open();
        leaf.accounts[level] = it->second;
      }
    }
    ledger.Post({.sockets = facts.sockets, .energy = facts.energy}, facts.leaves);
    for (const auto& [key, account] : accounts) {
      if (account == kNoAccount) continue;
      for (size_t s = 0; s < ledger.series(); ++s) {
        Microjoules sum;
        for (const LeafTime& leaf : facts.leaves) {
          if (leaf.accounts[key.first] != account) continue;
          sum += ledger.BalanceOf(leaf.accounts[Level::kProcess], s).total;
        }
        ASSERT_EQ(ledger.BalanceOf(account, s).total, sum);
      }
    }
  }
}

TEST_F(LedgerPropertyTest, EnergyOfASocketNeverGoesToTimeOnAnother) {
  for (int epoch = 0; epoch < 300; ++epoch) {
    Ledger ledger({{.series = 0, .socket = 0}});
    Facts facts = RandomFacts(random);
    for (LeafTime& leaf : facts.leaves) leaf.accounts[Level::kProcess] = ledger.Open();
    const std::vector<std::optional<Microjoules>> energy = {Joules(100)};
    ledger.Post({.sockets = facts.sockets, .energy = energy}, facts.leaves);
    Microjoules sum = ledger.unassigned()[0].total;
    for (const LeafTime& leaf : facts.leaves) {
      const Microjoules energy_of_leaf = ledger.BalanceOf(leaf.accounts[Level::kProcess], 0).total;
      if (leaf.socket != 0) {
        ASSERT_EQ(energy_of_leaf.value, 0u);
      }
      sum += energy_of_leaf;
    }
    ASSERT_EQ(sum, ledger.zones()[0].active.total);
  }
}

}  // namespace
}  // namespace brahe::attribution
