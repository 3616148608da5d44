// The figures of the worked example in docs/concepts.md, computed by the code that makes the exporter's.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "userspace/attribution/ledger.h"

namespace brahe::attribution {
namespace {

constexpr uint64_t kMillisecond = 1'000'000;

std::string Document() {
  std::ifstream file("docs/concepts.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string InJoules(Microjoules energy) {
  char text[32];
  std::snprintf(text, sizeof(text), "%llu.%06llu", static_cast<unsigned long long>(energy.value / 1'000'000),
                static_cast<unsigned long long>(energy.value % 1'000'000));
  return text;
}

std::string InSeconds(uint64_t milliseconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%llu.%03llu s", static_cast<unsigned long long>(milliseconds / 1000),
                static_cast<unsigned long long>(milliseconds % 1000));
  return milliseconds == 0 ? "-" : text;
}

// A row of the table of who ran.
struct Runner {
  std::string who, container;
  uint64_t milliseconds[2];  // on each socket
  uint32_t processes = 1;
};

class ConceptsDocumentTest : public ::testing::Test {
 protected:
  void ExpectRow(const std::string& row) { EXPECT_NE(document_.find("\n" + row + "\n"), std::string::npos) << row; }

  // The epoch of the example: fills `ledger_` and the accounts of runners and containers.
  void PostTheEpoch() {
    uint32_t pid = 100;
    for (const Runner& runner : runners_) {
      for (uint32_t i = 0; i < runner.processes; ++i, ++pid) AddLeaves(runner, pid);
    }
    const std::vector<LedgerSocket> sockets = {{0, Seconds(20), Seconds(12)}, {1, Seconds(20), Seconds(18)}};
    const std::vector<std::optional<Microjoules>> energy = {Microjoules{150'000'001}, Microjoules{80'000'000}};
    ledger_.Post({.sockets = sockets, .energy = energy}, leaves_);
  }

  void AddLeaves(const Runner& runner, uint32_t pid) {
    const AccountId process = ledger_.Open();
    processes_[runner.who].push_back(process);
    AccountId container = kNoAccount;
    if (runner.container != "-") {
      const auto [at, is_new] = containers_.try_emplace(runner.container, kNoAccount);
      if (is_new) at->second = ledger_.Open();
      container = at->second;
    }
    for (uint32_t socket = 0; socket < 2; ++socket) {
      const Nanoseconds time = {runner.milliseconds[socket] * kMillisecond / runner.processes};
      if (time.value == 0) continue;
      LeafTime leaf{.process = {pid, 1}, .cgroup_id = 1, .socket = socket, .time = time};
      leaf.accounts[Level::kProcess] = process;
      leaf.accounts[Level::kContainer] = container;
      leaves_.push_back(leaf);
    }
  }

  Microjoules EnergyOf(const Runner& runner) {
    Microjoules sum;
    for (const AccountId account : processes_[runner.who]) sum.value += ledger_.BalanceOf(account, 0).total.value;
    return sum;
  }

  const std::string document_ = Document();
  const std::vector<Runner> runners_ = {{"`web`", "shop", {4000, 1000}},
                                        {"`db`", "shop", {1500, 0}},
                                        {"40 jobs of 50 ms", "batch", {2000, 0}, 40},
                                        {"`sshd`", "-", {0, 1000}}};
  Ledger ledger_{{{.series = 0, .socket = 0}, {.series = 0, .socket = 1}}};
  std::map<std::string, std::vector<AccountId>> processes_;
  std::map<std::string, AccountId> containers_;
  std::vector<LeafTime> leaves_;
};

TEST_F(ConceptsDocumentTest, SplitsEachSocketsEnergyAsTheFirstTableSays) {
  PostTheEpoch();
  const char* const times[] = {"| 20 s | 8 s", "| 20 s | 2 s"};
  for (size_t socket = 0; socket < 2; ++socket) {
    const ZoneBalance& zone = ledger_.zones()[socket];
    ExpectRow("| " + std::to_string(socket) + " " + times[socket] + " | " + InJoules(zone.all.total) + " J | " +
              InJoules(zone.active.total) + " J | " + InJoules(zone.idle.total) + " J |");
  }
}

TEST_F(ConceptsDocumentTest, ChargesEachRunnerAsTheSecondTableSays) {
  PostTheEpoch();
  for (const Runner& runner : runners_) {
    ExpectRow("| " + runner.who + " | " + runner.container + " | " + InSeconds(runner.milliseconds[0]) + " | " +
              InSeconds(runner.milliseconds[1]) + " | " + InJoules(EnergyOf(runner)) + " J |");
  }
  ExpectRow("| nobody | - | " + InSeconds(ledger_.unassigned_time().value / kMillisecond) + " | - | " +
            InJoules(ledger_.unassigned()[0].total) + " J |");
}

TEST_F(ConceptsDocumentTest, AddsUpContainersAndTheWholeAsItSays) {
  PostTheEpoch();
  for (const auto& [name, account] : containers_) {
    ExpectRow("| " + name + " | " + InJoules(ledger_.BalanceOf(account, 0).total) + " J |");
  }
  std::string sum;
  for (const Runner& runner : runners_) sum += InJoules(EnergyOf(runner)) + " + ";
  Microjoules all, active, idle;
  for (const ZoneBalance& zone : ledger_.zones()) {
    all.value += zone.all.total.value;
    active.value += zone.active.total.value;
    idle.value += zone.idle.total.value;
  }
  for (const std::string& text : {sum + InJoules(ledger_.unassigned()[0].total) + " = " + InJoules(active) + " J",
                                  InJoules(idle) + " J idle", InJoules(all) + " J that the counters gave"}) {
    EXPECT_NE(document_.find(text), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace brahe::attribution
