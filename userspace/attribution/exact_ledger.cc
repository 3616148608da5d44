#include "userspace/attribution/exact_ledger.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

namespace brahe::attribution {
namespace {

// Sums of absurd times stay at the largest number.
uint64_t Capped(Uint128 sum) {
  return static_cast<uint64_t>(std::min<Uint128>(sum, std::numeric_limits<uint64_t>::max()));
}

uint64_t Whole(const Rational& number) { return Capped(number.Floor()); }

constexpr size_t kPowersKept = 20, kPowersEnough = 5;
constexpr uint64_t kSecond = 1'000'000'000;

void Remember(std::deque<uint64_t>& powers, uint64_t power) {
  powers.push_back(power);
  if (powers.size() > kPowersKept) powers.pop_front();
}

// The lower quartile.
std::optional<uint64_t> Quartile(const std::deque<uint64_t>& powers) {
  if (powers.size() < kPowersEnough) return std::nullopt;
  const std::multiset<uint64_t> sorted(powers.begin(), powers.end());
  return *std::next(sorted.begin(), static_cast<std::ptrdiff_t>(sorted.size() / 4));
}

void Add(Balance& balance, uint64_t energy) {
  balance.total.value += energy;
  balance.last.value += energy;
}

}  // namespace

std::strong_ordering Rational::operator<=>(const Rational& other) const {
  if (Floor() != other.Floor()) return Floor() <=> other.Floor();
  const Rational rest = Fraction(), other_rest = other.Fraction();
  if (rest.numerator_ == 0 || other_rest.numerator_ == 0) return rest.numerator_ <=> other_rest.numerator_;
  return Rational(other_rest.denominator_, other_rest.numerator_) <=> Rational(rest.denominator_, rest.numerator_);
}

std::vector<uint64_t> ExactShares(uint64_t amount, std::span<const uint64_t> weights) {
  Uint128 sum = 0;
  for (const uint64_t weight : weights) sum += weight;
  std::vector<uint64_t> shares;
  std::vector<Rational> fractions;
  Uint128 given = 0;
  for (const uint64_t weight : weights) {
    const Rational share = Rational::Product(amount, weight, sum);
    shares.push_back(Whole(share));
    fractions.push_back(share.Fraction());
    given += shares.back();
  }
  if (sum == 0) return shares;
  const Rational none = Rational::Product(0, 1, 1);
  for (; given < amount; ++given) {
    const auto largest = std::max_element(fractions.begin(), fractions.end());  // the first of equal ones
    ++shares[static_cast<size_t>(largest - fractions.begin())];
    *largest = none;
  }
  return shares;
}

ExactLedger::ExactLedger(std::vector<LedgerZone> zones, bool baseline)
    : facts_(std::move(zones)), baseline_(baseline), zones_(facts_.size()), learnt_(facts_.size()) {
  for (const LedgerZone& zone : facts_) unassigned_.resize(std::max<size_t>(unassigned_.size(), zone.series + 1));
}

void ExactLedger::AddTo(AccountId account, AccountId into) {
  const Account from = accounts_.at(account);
  Account& to = accounts_.at(into);
  to.time = Capped(Uint128{to.time} + from.time);
  for (size_t series = 0; series < to.series.size(); ++series) {
    to.series[series].total += from.series[series].total;
    to.series[series].last += from.series[series].last;
  }
}

void ExactLedger::Clear(AccountId account) {
  accounts_.at(account) = {};
  Open(account);
}

void ExactLedger::Post(const LedgerEpoch& epoch, const std::vector<LeafTime>& leaves) {
  for (auto& [id, account] : accounts_) {
    for (Balance& balance : account.series) balance.last = {};
  }
  for (Balance& balance : unassigned_) balance.last = {};
  MakeRows(epoch, leaves);
  BookTimes();
  Use machine;
  for (const auto& [socket, use] : uses_) {
    machine = {Capped(Uint128{machine.busy} + use.busy), Capped(Uint128{machine.capacity} + use.capacity)};
  }
  const auto nobody = [](const std::vector<Row>& rows) {
    return std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.weight == 0; });
  };
  for (size_t zone = 0; zone < facts_.size(); ++zone) {
    Zone& books = zones_[zone];
    books.known = epoch.energy[zone].has_value();
    books.all.last = books.active.last = books.idle.last = {};
    if (!books.known) continue;
    std::vector<Row> own = rows_;
    const auto socket = facts_[zone].socket;
    if (socket) std::erase_if(own, [&](const Row& row) { return row.socket != *socket; });
    const Use use = socket ? (uses_.contains(*socket) ? uses_.at(*socket) : Use{}) : machine;
    const uint64_t time = (epoch.energy_times.empty() ? epoch.duration : epoch.energy_times[zone]).value;
    const uint64_t energy = epoch.energy[zone]->value;
    Parts parts = PartsOf(zone, energy, time, time != epoch.duration.value, use, machine);
    if (nobody(own)) parts = {0, parts.own + parts.shared};
    if (nobody(rows_)) parts.shared = 0;
    Add(books.all, energy);
    Add(books.active, parts.own + parts.shared);
    Add(books.idle, energy - parts.own - parts.shared);
    Charge(parts.own, own, facts_[zone].series);
    Charge(parts.shared, rows_, facts_[zone].series);
  }
}

// The leaves of each socket in the order of their keys, and after them what is left of its busy time.
void ExactLedger::MakeRows(const LedgerEpoch& epoch, const std::vector<LeafTime>& leaves) {
  rows_.clear();
  uses_.clear();
  std::map<uint32_t, std::map<std::tuple<uint32_t, uint64_t, uint64_t>, const LeafTime*>> sorted;
  std::map<uint32_t, LedgerSocket> sockets;
  for (const LedgerSocket& socket : epoch.sockets) sockets[socket.socket] = socket, sorted[socket.socket];
  for (const LeafTime& leaf : leaves) {
    sorted[leaf.socket][{leaf.process.pid, leaf.process.start_ns, leaf.cgroup_id}] = &leaf;
  }
  for (const auto& [socket, of_socket] : sorted) {
    Uint128 time = 0, weight = 0;
    for (const auto& [key, leaf] : of_socket) {
      rows_.push_back({socket, leaf, leaf->time.value, leaf->weight ? *leaf->weight : leaf->time.value});
      time += rows_.back().time;
      weight += rows_.back().weight;
    }
    const auto told = sockets.find(socket);
    const uint64_t capacity = told != sockets.end() ? told->second.capacity.value : 0;
    const uint64_t idle = told != sockets.end() ? told->second.idle.value : 0;
    const uint64_t busy = std::max(Capped(time), capacity - std::min(capacity, idle));
    uses_[socket] = {busy, std::max(capacity, busy)};
    if (const uint64_t rest = busy - Capped(time); rest != 0) {
      const bool by_time = time == 0 || time == weight;
      rows_.push_back({socket, nullptr, rest, by_time ? rest : Whole(Rational::Product(rest, Capped(weight), time))});
    }
  }
}

void ExactLedger::BookTimes() {
  for (const Row& row : rows_) {
    if (row.leaf == nullptr || row.leaf->accounts[Level::kProcess] == kNoAccount) {
      unassigned_time_ = Capped(Uint128{unassigned_time_} + row.time);
    }
    if (row.leaf == nullptr) continue;
    for (const AccountId id : row.leaf->accounts) {
      if (id != kNoAccount) accounts_.at(id).time = Capped(Uint128{accounts_.at(id).time} + row.time);
    }
  }
}

ExactLedger::Parts ExactLedger::PartsOf(size_t zone, uint64_t energy, uint64_t time, bool gap, Use own, Use machine) {
  const auto by_usage = Whole(Rational::Product(energy, own.busy, own.capacity));
  if (!baseline_) return {by_usage, 0};
  // Less than 5 %.
  const auto quiet = [](Use use) {
    return use.capacity == 0 || Rational::Product(use.busy, 1, use.capacity) < Rational::Product(1, 1, 20);
  };
  const bool others_ran = facts_[zone].socket && machine.busy > own.busy;
  Learnt& learnt = learnt_[zone];
  if (!gap && time >= kSecond / 10 && energy != 0) {
    const uint64_t power = Whole(Rational::Product(energy, kSecond, time));
    const std::optional<uint64_t> level = Quartile(learnt.quiet);
    if (quiet(machine) || (level && power < *level)) {
      Remember(learnt.quiet, power);
    } else if (others_ran && quiet(own)) {
      Remember(learnt.awake, power);
    }
  }
  const std::optional<uint64_t> idle_power = Quartile(learnt.quiet), awake = Quartile(learnt.awake);
  if (!idle_power) return {by_usage, 0};
  const uint64_t active = energy - std::min(energy, Whole(Rational::Product(*idle_power, time, kSecond)));
  if (!others_ran || !awake || *awake <= *idle_power) return {active, 0};
  const uint64_t shared = std::min(active, Whole(Rational::Product(*awake - *idle_power, time, kSecond)));
  return {active - shared, shared};
}

void ExactLedger::Charge(uint64_t energy, const std::vector<Row>& rows, uint32_t series) {
  std::vector<uint64_t> weights;
  for (const Row& row : rows) weights.push_back(row.weight);
  const std::vector<uint64_t> shares = ExactShares(energy, weights);
  for (size_t i = 0; i < rows.size(); ++i) {
    const LeafTime* const leaf = rows[i].leaf;
    if (leaf == nullptr || leaf->accounts[Level::kProcess] == kNoAccount) Add(unassigned_[series], shares[i]);
    if (leaf == nullptr) continue;
    for (const AccountId id : leaf->accounts) {
      if (id != kNoAccount) Add(accounts_.at(id).series[series], shares[i]);
    }
  }
}

std::optional<uint64_t> ExactLedger::IdlePower(size_t zone) const {
  return baseline_ ? Quartile(learnt_[zone].quiet) : std::nullopt;
}

}  // namespace brahe::attribution
