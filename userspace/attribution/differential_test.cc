// The ledger beside a slow one that follows the definitions with exact numbers: after each of many random epochs every
// balance is the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "userspace/attribution/baseline_split.h"
#include "userspace/attribution/exact_ledger.h"
#include "userspace/attribution/ledger.h"

namespace brahe::attribution {
namespace {

constexpr size_t kUsualEpochs = 100'000;
constexpr size_t kEpochsOfARound = 60;
constexpr Level kAllLevels[] = {Level::kProcess, Level::kContainer, Level::kVm, Level::kPod, Level::kGroups};

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::stoull(value) : otherwise;
}

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  uint64_t Below(uint64_t n) { return engine_() % n; }
  bool OneOf(uint64_t n) { return Below(n) == 0; }
  uint64_t Any() { return engine_(); }
  // Of any size: small ones make ties, large ones sums that are out of range.
  uint64_t OfAnySize(int bits) { return engine_() >> (64 - 1 - Below(static_cast<uint64_t>(bits))); }
  template <typename Container>
  auto& In(Container& container) {
    return *std::next(container.begin(), static_cast<std::ptrdiff_t>(Below(container.size())));
  }

 private:
  std::mt19937_64 engine_;
};

// One machine: its zones, and the two ledgers.
class Pair {
 public:
  Pair(Random& random, size_t sockets) : random_(random), sockets_(sockets), baseline_(random.OneOf(2)) {
    std::vector<LedgerZone> zones;
    for (size_t i = 1 + random.Below(5); i != 0; --i) {
      LedgerZone zone = {.series = static_cast<uint32_t>(random.Below(3)), .socket = std::nullopt};
      // Also of a socket that nobody ever runs on.
      if (!random.OneOf(4)) zone.socket = static_cast<uint32_t>(random.Below(sockets + (random.OneOf(4) ? 1 : 0)));
      zones.push_back(zone);
    }
    zones_ = zones.size();
    std::unique_ptr<SplitPolicy> split = std::make_unique<UsageSplit>();
    if (baseline_) split = std::make_unique<BaselineSplit>();
    fast_ = std::make_unique<Ledger>(zones, std::move(split));
    exact_ = std::make_unique<ExactLedger>(zones, baseline_);
    powers_.resize(zones_);
    for (uint64_t& power : powers_) power = random.Below(300'000'000);
  }

  // Accounts come, go, and are put together.
  void ChangeAccounts() {
    while (accounts_.size() < 4 || random_.OneOf(2)) Open();
    if (accounts_.size() > 12) Close(random_.In(accounts_));
    if (random_.OneOf(4)) Clear(random_.In(accounts_));
    if (!random_.OneOf(3)) return;
    const AccountId one = random_.In(accounts_), other = random_.In(accounts_);
    if (one == other) return;
    if (random_.OneOf(2)) {
      fast_->AddTo(one, other);
      exact_->AddTo(one, other);
    } else {
      fast_->Merge(one, other);
      exact_->AddTo(one, other);
      exact_->Close(one);
      accounts_.erase(one);
    }
  }

  void Post() {
    const bool absurd = random_.OneOf(40), small = random_.OneOf(4), quiet = random_.OneOf(2);
    const Nanoseconds duration = {random_.OneOf(10) ? random_.OfAnySize(34)
                                                    : 1'000'000'000 + random_.Below(1'000'000'000)};
    const auto time = [&]() -> Nanoseconds {
      if (absurd) return {random_.Any()};
      if (small) return {random_.Below(4)};
      return {random_.OneOf(3) ? random_.OfAnySize(33) : random_.Below(duration.value / (quiet ? 200 : 4) + 1)};
    };
    std::vector<LedgerSocket> sockets;
    for (uint32_t socket = 0; socket < sockets_; ++socket) {
      if (random_.OneOf(12)) continue;
      LedgerSocket facts = {socket, absurd || small ? time() : duration * 4, time()};
      if (!absurd && !small && !random_.OneOf(4)) facts.idle = facts.capacity - std::min(facts.capacity, time());
      sockets.push_back(facts);
    }
    std::vector<std::optional<Microjoules>> energy;
    std::vector<Nanoseconds> energy_times;
    const bool gaps = random_.OneOf(5);
    for (size_t zone = 0; zone < zones_; ++zone) {
      energy_times.push_back(random_.OneOf(3) ? duration * (1 + random_.Below(4)) : duration);
      energy.push_back(random_.OneOf(8) ? std::nullopt : std::optional(Energy(zone, duration)));
    }
    std::vector<LeafTime> leaves = Leaves(time, absurd);
    const LedgerEpoch epoch = {
        .sockets = sockets,
        .energy = energy,
        .duration = duration,
        .energy_times = gaps ? std::span<const Nanoseconds>(energy_times) : std::span<const Nanoseconds>()};
    exact_->Post(epoch, leaves);
    fast_->Post(epoch, leaves);
  }

  void ExpectSame() const {
    const auto same = [](const Balance& a, const Balance& b) { return a.total == b.total && a.last == b.last; };
    for (size_t zone = 0; zone < zones_; ++zone) {
      const ZoneBalance& fast = fast_->zones()[zone];
      const ExactLedger::Zone& exact = exact_->zones()[zone];
      ASSERT_EQ(fast.known, exact.known) << "zone " << zone;
      ASSERT_TRUE(same(fast.all, exact.all)) << "zone " << zone;
      ASSERT_TRUE(same(fast.active, exact.active))
          << "zone " << zone << ": " << fast.active.last.value << " and " << exact.active.last.value;
      ASSERT_TRUE(same(fast.idle, exact.idle)) << "zone " << zone;
      const std::optional<Microwatts> power = fast_->IdlePower(zone);
      ASSERT_EQ(power ? std::optional(power->value) : std::nullopt, exact_->IdlePower(zone)) << "zone " << zone;
    }
    for (size_t series = 0; series < fast_->series(); ++series) {
      ASSERT_TRUE(same(fast_->unassigned()[series], exact_->unassigned()[series])) << "series " << series;
    }
    ASSERT_EQ(fast_->unassigned_time().value, exact_->unassigned_time());
    ASSERT_EQ(exact_->accounts().size(), accounts_.size());
    for (const auto& [id, exact] : exact_->accounts()) {
      ASSERT_EQ(fast_->CpuTime(id).value, exact.time) << "account " << id;
      for (size_t series = 0; series < fast_->series(); ++series) {
        const Balance fast = fast_->BalanceOf(id, series);
        ASSERT_TRUE(same(fast, exact.series[series]))
            << "account " << id << ", series " << series << ": in the last epoch " << fast.last.value << " and "
            << exact.series[series].last.value << ", in all " << fast.total.value << " and "
            << exact.series[series].total.value;
      }
    }
  }
  // Whether something was learnt, and split by that.
  [[nodiscard]] bool is_taught() const {
    for (size_t zone = 0; zone < zones_; ++zone) {
      if (exact_->IdlePower(zone)) return true;
    }
    return false;
  }

 private:
  void Open() {
    const AccountId account = fast_->Open();
    exact_->Open(account);
    ASSERT_TRUE(accounts_.insert(account).second) << "account " << account << " is given out twice";
  }
  void Close(AccountId account) {
    fast_->Close(account);
    exact_->Close(account);
    accounts_.erase(account);
  }
  void Clear(AccountId account) {
    fast_->Clear(account);
    exact_->Clear(account);
  }

  Microjoules Energy(size_t zone, Nanoseconds duration) {
    if (random_.OneOf(3)) return {random_.OfAnySize(50)};
    return {powers_[zone] * (duration.value / 1'000) / 1'000'000 + random_.Below(1'000'000)};
  }

  template <typename Time>
  std::vector<LeafTime> Leaves(const Time& time, bool absurd) {
    std::map<std::tuple<uint32_t, uint32_t, uint64_t, uint64_t>, LeafTime> leaves;
    const bool weighted = !absurd && random_.OneOf(4), all_alike = random_.OneOf(10);
    for (uint64_t i = random_.Below(12); i != 0; --i) {
      LeafTime leaf = {.process = {static_cast<uint32_t>(random_.Below(5)), random_.Below(2)},
                       .cgroup_id = random_.Below(3),
                       .socket = static_cast<uint32_t>(random_.Below(sockets_)),
                       .time = all_alike ? Nanoseconds{1'000} : time()};
      if (weighted && !random_.OneOf(6))
        leaf.weight = random_.OneOf(4) ? random_.Below(3) : random_.OfAnySize(random_.OneOf(6) ? 62 : 36);
      for (const Level level : kAllLevels) {
        if (level == Level::kProcess && leaf.process.pid == 0) continue;
        if (!random_.OneOf(4)) leaf.accounts[level] = random_.In(accounts_);
      }
      // An account is of one level only.
      std::set<AccountId> taken;
      for (const Level level : kAllLevels) {
        if (!taken.insert(leaf.accounts[level]).second) leaf.accounts[level] = kNoAccount;
      }
      leaves[{leaf.socket, leaf.process.pid, leaf.process.start_ns, leaf.cgroup_id}] = leaf;
    }
    std::vector<LeafTime> shuffled;
    for (const auto& [key, leaf] : leaves) {
      shuffled.insert(shuffled.begin() + static_cast<std::ptrdiff_t>(random_.Below(shuffled.size() + 1)), leaf);
    }
    return shuffled;
  }

  Random& random_;
  const size_t sockets_;
  const bool baseline_;
  size_t zones_ = 0;
  std::unique_ptr<Ledger> fast_;
  std::unique_ptr<ExactLedger> exact_;
  std::set<AccountId> accounts_;
  std::vector<uint64_t> powers_;  // uW that each zone mostly has
};

class DifferentialTest : public testing::Test {
 protected:
  DifferentialTest() { RecordProperty("seed", std::to_string(seed)); }
  // BRAHE_EPOCHS=1000000 asks for more, BRAHE_SEED for the same again.
  const uint64_t epochs = FromEnvironment("BRAHE_EPOCHS", kUsualEpochs);
  const uint64_t seed = FromEnvironment("BRAHE_SEED", std::random_device()());
  Random random{seed};
  testing::ScopedTrace trace{__FILE__, __LINE__, testing::Message() << "BRAHE_SEED=" << seed};
};

TEST_F(DifferentialTest, EveryBalanceIsWhatTheDefinitionsSay) {
  size_t taught = 0;
  for (uint64_t epoch = 0; epoch < epochs;) {
    Pair pair(random, 1 + random.Below(3));
    for (size_t i = 0; i < kEpochsOfARound && epoch < epochs; ++i, ++epoch) {
      pair.ChangeAccounts();
      ASSERT_NO_FATAL_FAILURE(pair.ExpectSame()) << "before epoch " << epoch;
      pair.Post();
      ASSERT_NO_FATAL_FAILURE(pair.ExpectSame()) << "epoch " << epoch;
    }
    if (pair.is_taught()) ++taught;
  }
  EXPECT_GT(taught, epochs / kEpochsOfARound / 8) << "machines that have learnt a baseline";
}

TEST_F(DifferentialTest, EveryShareIsWhatItsDefinitionSays) {
  Apportioner apportioner;
  for (uint64_t i = 0; i < epochs / 4; ++i) {
    const int bits = random.OneOf(2) ? 8 : 63;
    std::vector<uint64_t> weights(random.Below(20));
    for (uint64_t& weight : weights) weight = random.OneOf(20) ? random.Any() : random.OfAnySize(bits);
    const uint64_t amount = random.OneOf(8) ? random.Any() : random.OfAnySize(bits);
    std::vector<uint64_t> shares(weights.size());
    apportioner.Split(amount, weights, shares);
    ASSERT_EQ(shares, ExactShares(amount, weights)) << "of " << amount;
  }
}

}  // namespace
}  // namespace brahe::attribution
