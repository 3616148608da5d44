#include "userspace/attribution/baseline_split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <map>
#include <random>
#include <sstream>
#include <string>

#include "userspace/attribution/ledger.h"
#include "userspace/base/file.h"

namespace brahe::attribution {
namespace {

constexpr Nanoseconds kEpoch = Seconds(5);
constexpr uint64_t kCpus = 8;
constexpr Nanoseconds kCapacity = kEpoch * kCpus;

Nanoseconds PartOf(Nanoseconds whole, double part) {
  return {static_cast<uint64_t>(static_cast<double>(whole.value) * part)};
}

Microwatts InMicrowatts(double watts) { return {static_cast<uint64_t>(watts * 1e6)}; }

double Ratio(Microjoules a, Microjoules b) { return static_cast<double>(a.value) / static_cast<double>(b.value); }

TEST(PowerMemory, TellsNothingBeforeItHasSeenEnough) {
  PowerMemory memory;
  for (int i = 0; i < 4; ++i) memory.Add(Watts(10));
  EXPECT_EQ(memory.Level(), std::nullopt);
  memory.Add(Watts(10));
  EXPECT_EQ(memory.Level(), Watts(10));
}

TEST(PowerMemory, IsNotMovedByAFewThatAreTooHigh) {
  PowerMemory memory;
  for (uint64_t i = 0; i < PowerMemory::kKept; ++i) memory.Add(i % 2 == 0 ? Watts(10) : Watts(90));
  EXPECT_EQ(memory.Level(), Watts(10));
}

TEST(PowerMemory, FollowsAStepUpAndDownWithinWhatItKeeps) {
  PowerMemory memory;
  for (const uint64_t watts : {10, 14, 9}) {
    for (size_t i = 0; i < PowerMemory::kKept; ++i) memory.Add(Watts(watts));
    EXPECT_EQ(memory.Level(), Watts(watts));
    EXPECT_EQ(memory.InOrder().size(), PowerMemory::kKept);
  }
}

// A zone of the whole machine.
ZoneUse UseOf(double watts, double busy) {
  const Load load{.busy = PartOf(kCapacity, busy), .capacity = kCapacity};
  return {.zone = 0, .energy = EnergyOf(InMicrowatts(watts), kEpoch), .time = kEpoch, .load = load, .machine = load};
}

void Learn(BaselineSplit& split, double watts, int epochs = 20) {
  for (int i = 0; i < epochs; ++i) split.Split(UseOf(watts, 0.01));
}

TEST(BaselineSplit, SplitsByUsageUntilItHasSeenAQuietMachineOftenEnough) {
  BaselineSplit split;
  for (int i = 0; i < 100; ++i) {
    const EnergySplit half = split.Split(UseOf(40, 0.5));
    EXPECT_EQ(half.own, Joules(100));
    EXPECT_EQ(half.idle, Joules(100));
  }
  EXPECT_EQ(split.IdlePower(0), std::nullopt);
  Learn(split, 10, 5);
  EXPECT_EQ(split.IdlePower(0), Watts(10));
  EXPECT_EQ(split.Split(UseOf(40, 0.5)).own, Joules(150)) << "all above 10 W";
  EXPECT_EQ(split.Split(UseOf(40, 0.5)).shared, Joules(0)) << "there are no other sockets";
}

TEST(BaselineSplit, LearnsTheIdlePowerOfANoisyNodeWithin3PercentAndFollowsAStep) {
  std::mt19937_64 random(16);
  std::normal_distribution<double> noise(1, 0.01);
  std::uniform_real_distribution<double> housekeeping(0, 0.04);
  BaselineSplit split;
  for (const double idle : {62.0, 71.0, 55.0}) {
    for (int i = 0; i < 20; ++i) {
      const double busy = housekeeping(random);
      split.Split(UseOf((idle + 0.5 * idle * busy) * noise(random), busy));
    }
    EXPECT_NEAR(static_cast<double>(split.IdlePower(0)->value) / 1e6, idle, idle * 0.03);
  }
}

TEST(BaselineSplit, LessPowerThanIsThoughtIdleIsIdleWhateverRuns) {
  BaselineSplit split;
  Learn(split, 20);
  EXPECT_EQ(split.Split(UseOf(12, 0.9)).own, Joules(0));
  for (int i = 0; i < 20; ++i) split.Split(UseOf(12, 0.9));
  EXPECT_EQ(split.IdlePower(0), Watts(12));
}

TEST(BaselineSplit, GapsShortEpochsAndCountersThatStandTeachNothing) {
  BaselineSplit split;
  for (int i = 0; i < 20; ++i) {
    ZoneUse use = UseOf(10, 0.01);
    use.gap = true;
    split.Split(use);
    use = UseOf(10, 0.01);
    use.time = BaselineSplit::kShortest - Nanoseconds{1};
    split.Split(use);
    split.Split(UseOf(0, 0.01));
  }
  EXPECT_EQ(split.IdlePower(0), std::nullopt);
  Learn(split, 10);
  ZoneUse gap = UseOf(40, 0.5);
  gap.time = kEpoch * 3;
  gap.gap = true;
  EXPECT_EQ(split.Split(gap).idle, Joules(150)) << "the gap was idle, too";
}

TEST(BaselineSplit, WhatItHasLearntCanBeKept) {
  BaselineSplit first;
  Learn(first, 10);
  BaselineSplit next(first.learnt());
  EXPECT_EQ(next.Split(UseOf(40, 0.5)).own, Joules(150));
}

// A node of two sockets that draws, of each, 20 W when nothing runs and 2 W more for each busy CPU.
class DrivenNode {
 public:
  explicit DrivenNode(std::unique_ptr<SplitPolicy> split) : ledger({{0, 0}, {0, 1}}, std::move(split)) {
    for (AccountId& account : accounts) account = ledger.Open();
  }

  // Processes 1, 2, ...: how many CPUs of which socket each keeps busy.
  struct Work {
    uint32_t socket;
    double cpus;
  };
  void Run(const std::vector<Work>& work, std::array<double, 2> watts) {
    const std::vector<std::optional<Microjoules>> energy = {EnergyOf(InMicrowatts(watts[0]), kEpoch),
                                                            EnergyOf(InMicrowatts(watts[1]), kEpoch)};
    std::array<Nanoseconds, 2> idle = {kCapacity, kCapacity};
    std::vector<LeafTime> leaves;
    for (size_t i = 0; i < work.size(); ++i) {
      const Nanoseconds time = PartOf(kEpoch, work[i].cpus);
      if (time.value == 0) continue;
      idle.at(work[i].socket) -= time;
      leaves.push_back({.process = ProcessKey{static_cast<uint32_t>(i + 1), {}},
                        .cgroup_id = 1,
                        .socket = work[i].socket,
                        .time = time});
      leaves.back().accounts[Level::kProcess] = accounts.at(i);
    }
    const std::vector<LedgerSocket> sockets = {{0, kCapacity, idle[0]}, {1, kCapacity, idle[1]}};
    ledger.Post({.sockets = sockets, .energy = energy, .duration = kEpoch}, leaves);
    CheckBalance(energy);
  }
  void Run(const std::vector<Work>& work) {
    std::array<double, 2> watts = {20, 20};
    for (const Work& one : work) watts.at(one.socket) += 2 * one.cpus;
    Run(work, watts);
  }
  [[nodiscard]] Microjoules Last(size_t process) const { return ledger.BalanceOf(accounts.at(process - 1), 0).last; }

  Ledger ledger;
  std::array<AccountId, 4> accounts{};

 private:
  void CheckBalance(const std::vector<std::optional<Microjoules>>& energy) {
    Microjoules active, charged = ledger.unassigned()[0].total;
    for (size_t zone = 0; zone < 2; ++zone) {
      const ZoneBalance& balance = ledger.zones()[zone];
      ASSERT_EQ(balance.all.last, *energy[zone]);
      ASSERT_EQ(balance.active.last + balance.idle.last, balance.all.last);
      ASSERT_EQ(balance.active.total + balance.idle.total, balance.all.total);
      active += balance.active.total;
    }
    for (const AccountId account : accounts) charged += ledger.BalanceOf(account, 0).total;
    ASSERT_EQ(active, charged);
  }
};

TEST(BaselineSplit, WhatAConstantLoadIsChargedDoesNotDependOnItsNeighbours) {
  DrivenNode baseline(std::make_unique<BaselineSplit>()), usage(std::make_unique<UsageSplit>());
  for (int i = 0; i < 20; ++i) baseline.Run({{0, 0.05}});
  std::array<Microjoules, 2> alone, crowded;
  for (int i = 0; i < 10; ++i) {
    baseline.Run({{0, 3}});
    usage.Run({{0, 3}});
    alone = {baseline.Last(1), usage.Last(1)};
    baseline.Run({{0, 3}, {0, 5}});
    usage.Run({{0, 3}, {0, 5}});
    crowded = {baseline.Last(1), usage.Last(1)};
    EXPECT_NEAR(Ratio(crowded[0], alone[0]), 1, 0.02);
    EXPECT_GT(std::abs(Ratio(crowded[1], alone[1]) - 1), 0.2) << "by usage it does, by a third of the idle power";
  }
  EXPECT_NEAR(static_cast<double>(alone[0].value) / 1e6, 3 * 2 * 5, 0.6) << "what it makes the node draw";
}

TEST(BaselineSplit, EachSocketsActiveEnergyIsOfThoseWhoRanThere) {
  DrivenNode node(std::make_unique<BaselineSplit>());
  for (int i = 0; i < 20; ++i) node.Run({});
  node.Run({{0, 4}, {1, 2}});
  EXPECT_EQ(node.Last(1), Joules(40));
  EXPECT_EQ(node.Last(2), Joules(20));
}

TEST(BaselineSplit, WhereNobodyRanAllIsIdle) {
  DrivenNode node(std::make_unique<BaselineSplit>());
  for (int i = 0; i < 20; ++i) node.Run({});
  node.Run({}, {35, 50});
  EXPECT_EQ(node.ledger.zones()[0].active.total, Joules(0));
  EXPECT_EQ(node.ledger.zones()[1].idle.last, Joules(250));
}

// Rows of the trace: watts of socket 0 and 1.
std::map<std::string, std::vector<std::array<double, 2>>> ReadTrace() {
  std::map<std::string, std::vector<std::array<double, 2>>> trace;
  std::istringstream lines(*ReadFile("userspace/attribution/testdata/broadwell_sockets.csv"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#") || line.starts_with("load,")) continue;
    std::istringstream fields(line);
    std::string load, watts0, watts1;
    std::getline(fields, load, ',');
    std::getline(fields, watts0, ',');
    std::getline(fields, watts1, ',');
    trace[load].push_back({std::stod(watts0), std::stod(watts1)});
  }
  return trace;
}

double MeanWatts(Microjoules energy, size_t epochs) {
  return static_cast<double>(energy.value) / 1e6 / (static_cast<double>(epochs) * 5);
}

// A real machine: socket 1 draws 14.7 W when nothing runs, and 28.5 W while socket 0 works and it does not.
TEST(BaselineSplit, AQuietSocketsWakefulnessIsPaidByThoseWhoKeepItAwake) {
  const auto trace = ReadTrace();
  DrivenNode node(std::make_unique<BaselineSplit>());
  for (const auto& watts : trace.at("idle")) node.Run({{0, 0.02}}, watts);
  EXPECT_NEAR(static_cast<double>(node.ledger.IdlePower(1)->value) / 1e6, 14.7, 14.7 * 0.03);
  const Microjoules before = node.ledger.BalanceOf(node.accounts[0], 0).total;
  const ZoneBalance quiet_before = node.ledger.zones()[1];
  for (const auto& watts : trace.at("socket0")) node.Run({{0, 8}, {1, 0.01}}, watts);
  const size_t epochs = trace.at("socket0").size();
  EXPECT_NEAR(MeanWatts(node.ledger.zones()[1].active.total - quiet_before.active.total, epochs), 28.5 - 14.7, 0.8);
  EXPECT_NEAR(MeanWatts(node.ledger.BalanceOf(node.accounts[0], 0).total - before, epochs),
              (37.7 - 16.9) + (28.5 - 14.7), 1.5)
      << "the product pays what it makes both sockets draw";
  EXPECT_LT(MeanWatts(node.ledger.BalanceOf(node.accounts[1], 0).total, epochs), 1.0)
      << "and a process that had a CPU of socket 1 for a hundredth of the time does not pay it";
}

TEST(BaselineSplit, TwoBusySocketsShareOnlyWhatKeepsThemAwake) {
  DrivenNode node(std::make_unique<BaselineSplit>());
  for (int i = 0; i < 20; ++i) node.Run({});
  for (int i = 0; i < 20; ++i) node.Run({{0, 8}}, {60, 32});
  EXPECT_EQ(node.Last(1), Joules(5 * (40 + 12)));
  node.Run({{0, 8}, {1, 8}}, {60, 80});
  EXPECT_EQ(node.Last(1), Joules(5 * (40 + 6)));
  EXPECT_EQ(node.Last(2), Joules(5 * (60 - 12 + 6)));
}

// Whatever happens, no microjoule is lost or made: DrivenNode looks after each epoch.
TEST(BaselineSplit, BalancesForAnyLoadAndPower) {
  std::mt19937_64 random(4);
  std::uniform_real_distribution<double> watts(0, 60), cpus(0, 2);
  for (int node_number = 0; node_number < 20; ++node_number) {
    DrivenNode node(std::make_unique<BaselineSplit>());
    for (int i = 0; i < 200 && !testing::Test::HasFailure(); ++i) {
      const bool quiet = random() % 2 == 0;
      std::vector<DrivenNode::Work> work;
      for (int process = 0; process < 4; ++process) {
        const bool runs = random() % (quiet ? 8 : 2) == 0;
        work.push_back({static_cast<uint32_t>(random() % 2), runs ? cpus(random) * (quiet ? 0.1 : 1) : 0});
      }
      node.Run(work, {watts(random), watts(random)});
    }
  }
}

}  // namespace
}  // namespace brahe::attribution
