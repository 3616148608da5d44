#include "userspace/attribution/ledger.h"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

#include "userspace/base/scratch.h"

namespace brahe::attribution {
namespace {

// Times from the kernel are taken as they come: a sum of absurd ones stays at the largest and does not wrap to a small
// one, so that busy never falls below the sum of its leaves and no counter goes down.
Nanoseconds AddCapped(Nanoseconds a, Nanoseconds b) {
  uint64_t sum = 0;
  return {__builtin_add_overflow(a.value, b.value, &sum) ? std::numeric_limits<uint64_t>::max() : sum};
}

void Add(Balance& balance, Microjoules energy) {
  balance.total += energy;
  balance.last += energy;
}

}  // namespace

Ledger::Ledger(std::vector<LedgerZone> zones, std::unique_ptr<SplitPolicy> split)
    : ledger_zones_(std::move(zones)), split_(std::move(split)), zone_balances_(ledger_zones_.size()) {
  for (const LedgerZone& zone : ledger_zones_) series_ = std::max<size_t>(series_, zone.series + 1);
  unassigned_.resize(series_);
}

AccountId Ledger::Open() {
  AccountId account = 0;
  if (free_.empty()) {
    account = static_cast<AccountId>(accounts_.size());
    if (accounts_.size() == accounts_.capacity()) {
      // By a quarter: twice as many would lie idle in the largest tables that there are.
      accounts_.reserve(accounts_.size() + accounts_.size() / 4 + 64);
      balances_.reserve(accounts_.capacity() * series_);
    }
    accounts_.emplace_back();
    balances_.resize(balances_.size() + series_);
  } else {
    account = free_.back();
    free_.pop_back();
    Clear(account);
  }
  accounts_[account].open = true;
  return account;
}

void Ledger::Close(AccountId account) {
  assert(accounts_[account].open);
  accounts_[account].open = false;
  free_.push_back(account);
}

void Ledger::AddTo(AccountId account, AccountId into) {
  assert(account != into && accounts_[into].open);
  for (size_t series = 0; series < series_; ++series) {
    const Balance sum = {BalanceOf(account, series).total + BalanceOf(into, series).total,
                         BalanceOf(account, series).last + BalanceOf(into, series).last};
    balances_[into * series_ + series] = sum;
  }
  accounts_[into].time = AddCapped(accounts_[into].time, accounts_[account].time);
  accounts_[into].epoch = epoch_;  // both `last` are this epoch's now
}

void Ledger::Merge(AccountId account, AccountId into) {
  AddTo(account, into);
  Close(account);
}

void Ledger::Clear(AccountId account) {
  accounts_[account].time = {};
  accounts_[account].epoch = 0;
  std::fill_n(balances_.begin() + account * series_, series_, Balance{});
}

void Ledger::Resume(AccountId account, Nanoseconds time, std::span<const Microjoules> energy) {
  assert(accounts_[account].open && energy.size() == series_);
  accounts_[account].time = time;
  for (size_t series = 0; series < series_; ++series) balances_[account * series_ + series].total = energy[series];
}

void Ledger::Resume(std::span<const ZoneTotals> zones, std::span<const Microjoules> unassigned,
                    Nanoseconds unassigned_time) {
  assert(zones.size() == zone_balances_.size() && unassigned.size() == series_);
  for (size_t zone = 0; zone < zones.size(); ++zone) {
    zone_balances_[zone].active.total = zones[zone].active;
    zone_balances_[zone].idle.total = zones[zone].idle;
    zone_balances_[zone].all.total = zones[zone].active + zones[zone].idle;
  }
  for (size_t series = 0; series < series_; ++series) unassigned_[series].total = unassigned[series];
  unassigned_time_ = unassigned_time;
}

Balance Ledger::BalanceOf(AccountId account, size_t series) const {
  assert(accounts_[account].open);
  Balance balance = balances_[account * series_ + series];
  if (accounts_[account].epoch != epoch_) balance.last = {};
  return balance;
}

void Ledger::Post(const LedgerEpoch& epoch, std::vector<LeafTime>& leaves) {
  assert(epoch.energy.size() == ledger_zones_.size());
  ++epoch_;
  std::sort(leaves.begin(), leaves.end(), [](const LeafTime& a, const LeafTime& b) {
    return std::tie(a.socket, a.process, a.cgroup_id) < std::tie(b.socket, b.process, b.cgroup_id);
  });
  LayOutRows(epoch.sockets, leaves);
  BookTime();
  for (Balance& balance : unassigned_) balance.last = {};
  for (size_t zone = 0; zone < ledger_zones_.size(); ++zone) PostZone(zone, epoch);
  ShrinkScratch(row_times_);
  ShrinkScratch(row_weights_);
  ShrinkScratch(row_leaves_);
  ShrinkScratch(shares_);
}

void Ledger::LayOutRows(std::span<const LedgerSocket> sockets, const std::vector<LeafTime>& leaves) {
  socket_rows_.clear();
  row_times_.clear();
  row_weights_.clear();
  row_leaves_.clear();
  sorted_sockets_.assign(sockets.begin(), sockets.end());
  std::sort(sorted_sockets_.begin(), sorted_sockets_.end(),
            [](const LedgerSocket& a, const LedgerSocket& b) { return a.socket < b.socket; });
  auto socket = sorted_sockets_.begin();
  auto leaf = leaves.begin();
  while (socket != sorted_sockets_.end() || leaf != leaves.end()) {
    const bool told = socket != sorted_sockets_.end() && (leaf == leaves.end() || socket->socket <= leaf->socket);
    const LedgerSocket facts = told ? *socket++ : LedgerSocket{.socket = leaf->socket, .capacity = {}, .idle = {}};
    const auto end = std::find_if(leaf, leaves.end(), [&](const LeafTime& l) { return l.socket != facts.socket; });
    AddSocketRows(facts, {leaf, end});
    leaf = end;
  }
  shares_.resize(row_times_.size());
}

void Ledger::AddSocketRows(const LedgerSocket& socket, std::span<const LeafTime> leaves) {
  Nanoseconds assigned;
  SocketRows rows{.socket = socket.socket, .first = row_times_.size(), .count = 0, .load = {}, .weight = 0};
  for (const LeafTime& leaf : leaves) {
    row_times_.push_back(leaf.time.value);
    row_weights_.push_back(leaf.weight.value_or(leaf.time.value));
    row_leaves_.push_back(&leaf);
    assigned = AddCapped(assigned, leaf.time);
    rows.weight = AddCapped({rows.weight}, {row_weights_.back()}).value;
  }
  Nanoseconds& busy = rows.load.busy;
  if (socket.capacity > socket.idle) busy = socket.capacity - socket.idle;
  busy = std::max(busy, assigned);
  rows.load.capacity = std::max(socket.capacity, busy);
  if (busy > assigned) {
    const Nanoseconds rest = busy - assigned;
    row_times_.push_back(rest.value);
    // Of nobody's time nothing else is known than how much it is: it weighs as the others do on the whole.
    const bool as_others = assigned.value != 0 && rows.weight != assigned.value;
    row_weights_.push_back(as_others ? ScaleDown(rest.value, rows.weight, assigned.value) : rest.value);
    row_leaves_.push_back(nullptr);
    rows.weight = AddCapped({rows.weight}, {row_weights_.back()}).value;
  }
  rows.count = row_times_.size() - rows.first;
  socket_rows_.push_back(rows);
}

void Ledger::BookTime() {
  for (size_t row = 0; row < row_times_.size(); ++row) {
    const LeafTime* leaf = row_leaves_[row];
    const Nanoseconds time{row_times_[row]};
    if (leaf == nullptr || leaf->accounts[Level::kProcess] == kNoAccount) {
      unassigned_time_ = AddCapped(unassigned_time_, time);
    }
    if (leaf == nullptr) continue;
    for (const AccountId id : leaf->accounts) {
      if (id == kNoAccount) continue;
      Account& account = accounts_[id];
      assert(account.open);
      account.time = AddCapped(account.time, time);
      if (std::exchange(account.epoch, epoch_) == epoch_) continue;
      for (size_t series = 0; series < series_; ++series) balances_[id * series_ + series].last = {};
    }
  }
}

Ledger::SocketRows Ledger::AllRows() const {
  SocketRows all{.socket = 0, .first = 0, .count = row_times_.size(), .load = {}, .weight = 0};
  for (const SocketRows& rows : socket_rows_) {
    all.load.busy = AddCapped(all.load.busy, rows.load.busy);
    all.load.capacity = AddCapped(all.load.capacity, rows.load.capacity);
    all.weight = AddCapped({all.weight}, {rows.weight}).value;
  }
  return all;
}

Ledger::SocketRows Ledger::RowsOf(const LedgerZone& zone) const {
  if (!zone.socket) return AllRows();
  for (const SocketRows& rows : socket_rows_) {
    if (*zone.socket == rows.socket) return rows;
  }
  return {};  // a socket without any time
}

void Ledger::PostZone(size_t zone, const LedgerEpoch& epoch) {
  ZoneBalance& balance = zone_balances_[zone];
  const std::optional<Microjoules> energy = epoch.energy[zone];
  balance.known = energy.has_value();
  for (Balance* b : {&balance.all, &balance.active, &balance.idle}) b->last = {};
  if (!energy) return;

  const SocketRows own = RowsOf(ledger_zones_[zone]), all = AllRows();
  const Nanoseconds time = epoch.energy_times.empty() ? epoch.duration : epoch.energy_times[zone];
  EnergySplit split = split_->Split({.zone = zone,
                                     .energy = *energy,
                                     .time = time,
                                     .gap = time != epoch.duration,
                                     .load = own.load,
                                     .machine = all.load,
                                     .socket = ledger_zones_[zone].socket.has_value()});
  // No energy is lost here, whoever ran and whatever the policy says.
  if (own.weight == 0) split.shared += std::exchange(split.own, {});
  if (all.weight == 0) split.shared = {};
  assert(split.own + split.shared <= *energy);
  Add(balance.all, *energy);
  Add(balance.active, split.own + split.shared);
  Add(balance.idle, *energy - split.own - split.shared);
  Charge(split.own, own, ledger_zones_[zone].series);
  Charge(split.shared, all, ledger_zones_[zone].series);
}

void Ledger::Charge(Microjoules active, const SocketRows& rows, size_t series) {
  if (active.value == 0) return;
  const std::span<uint64_t> shares = std::span(shares_).subspan(rows.first, rows.count);
  apportioner_.Split(active.value, std::span(row_weights_).subspan(rows.first, rows.count), shares);
  for (size_t row = 0; row < rows.count; ++row) {
    if (shares[row] != 0) AddShare(row_leaves_[rows.first + row], series, {shares[row]});
  }
}

void Ledger::AddShare(const LeafTime* leaf, size_t series, Microjoules share) {
  if (leaf == nullptr || leaf->accounts[Level::kProcess] == kNoAccount) {
    Add(unassigned_[series], share);
  }
  if (leaf == nullptr) return;
  for (const AccountId account : leaf->accounts) {
    if (account != kNoAccount) Add(balances_[account * series_ + series], share);
  }
}

}  // namespace brahe::attribution
