#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "userspace/attribution/apportion.h"
#include "userspace/attribution/split_policy.h"
#include "userspace/base/process_key.h"
#include "userspace/base/units.h"

namespace brahe::attribution {

// The levels at which a leaf's energy is added up. Each leaf has one account at each level, or none there; the levels
// know nothing of each other. The account at kGroups is that of all leaves which are in the same groups.
enum class Level : uint8_t { kProcess, kContainer, kVm, kPod, kGroups };
inline constexpr size_t kLevels = 5;

// An account of the ledger. Numbers of closed accounts are used again.
using AccountId = uint32_t;
inline constexpr AccountId kNoAccount = std::numeric_limits<AccountId>::max();

// The accounts of a leaf.
class LeafAccounts {
 public:
  constexpr LeafAccounts() { accounts_.fill(kNoAccount); }

  AccountId& operator[](Level level) { return accounts_[static_cast<size_t>(level)]; }
  AccountId operator[](Level level) const { return accounts_[static_cast<size_t>(level)]; }
  [[nodiscard]] auto begin() const { return accounts_.begin(); }
  [[nodiscard]] auto end() const { return accounts_.end(); }

 private:
  std::array<AccountId, kLevels> accounts_;
};

// CPU time of one leaf on one socket: the unit that energy is apportioned to. A leaf is a process in a cgroup, or time
// that no process can be named for (process.pid 0: no account at Level::kProcess).
struct LeafTime {
  ProcessKey process;
  uint64_t cgroup_id = 0;
  uint32_t socket = 0;
  Nanoseconds time;
  LeafAccounts accounts = {};
  // What energy is apportioned by, in the same unit for all leaves of an epoch; nullopt: by time, as all leaves are
  // now. Cycles may tell better who used it.
  std::optional<uint64_t> weight = {};
};

// A zone as the ledger sees it.
struct LedgerZone {
  uint32_t series = 0;  // index of the exported zone that this one is summed into (package-0, package-1 -> package)
  std::optional<uint32_t> socket;  // nullopt: all sockets
};

// CPU time of one socket.
struct LedgerSocket {
  uint32_t socket = 0;
  Nanoseconds capacity;
  Nanoseconds idle;
};

// One epoch's facts.
struct LedgerEpoch {
  std::span<const LedgerSocket> sockets;
  std::span<const std::optional<Microjoules>> energy;  // by zone; nullopt: not known in this epoch
  Nanoseconds duration = {};
  // By zone: in which time its energy was used, where that is more than the epoch. Empty: of no zone it is.
  std::span<const Nanoseconds> energy_times = {};
};

// Energy of one zone or series: since the start, and in the last epoch.
struct Balance {
  Microjoules total;
  Microjoules last;
};

// The three figures of a zone. total = active + idle, each.
struct ZoneBalance {
  Balance all, active, idle;
  bool known = false;  // false: the last epoch's energy is not known, `last` is 0
};

// What a zone has had in all.
struct ZoneTotals {
  Microjoules active, idle;
};

// The books: who used how many microjoules, at every level, exactly.
//
// After each Post, for each zone: all = active + idle; and for each series: active = sum over the accounts that were
// ever opened at Level::kProcess + unassigned. Balances never go down. Values in, values out: no clock, no I/O. Not
// thread-safe.
//
// Active energy is what the policy says it is, as far as somebody ran to charge it to: what is of those on the zone's
// CPUs, where none was, is of those who ran anywhere, and idle where nobody did.
class Ledger {
 public:
  explicit Ledger(std::vector<LedgerZone> zones, std::unique_ptr<SplitPolicy> split = std::make_unique<UsageSplit>());

  // A new account with zero balances.
  AccountId Open();
  // Ends an account and returns its number for use by another. Its past stays in the zones' balances.
  void Close(AccountId account);
  // Adds one account's balances and time to another's.
  void AddTo(AccountId account, AccountId into);
  // The same, and closes it.
  void Merge(AccountId account, AccountId into);
  // Makes its balances and its time zero.
  void Clear(AccountId account);

  // What an earlier ledger had is gone on from: of a new account, `energy` by series, and of the zones and of leaves
  // without a process. Before the first Post.
  void Resume(AccountId account, Nanoseconds time, std::span<const Microjoules> energy);
  void Resume(std::span<const ZoneTotals> zones, std::span<const Microjoules> unassigned, Nanoseconds unassigned_time);

  // Books an epoch. Sorts `leaves` by (socket, process, cgroup), which must be unique. A socket's time that is neither
  // idle nor in a leaf is booked as unassigned; where leaves exceed capacity - idle, their sum is taken as busy. A
  // socket that only leaves speak of counts as wholly busy.
  void Post(const LedgerEpoch& epoch, std::vector<LeafTime>& leaves);

  [[nodiscard]] size_t series() const { return series_; }
  // How often Post was called.
  [[nodiscard]] uint64_t epoch() const { return epoch_; }
  [[nodiscard]] const SplitPolicy& split() const { return *split_; }
  // What a zone is thought to draw when nothing runs; nullopt: nothing is.
  [[nodiscard]] std::optional<Microwatts> IdlePower(size_t zone) const { return split_->IdlePower(zone); }
  // By zone, in the order of the constructor.
  [[nodiscard]] const std::vector<ZoneBalance>& zones() const { return zone_balances_; }
  // Energy of leaves without a process, by series.
  [[nodiscard]] const std::vector<Balance>& unassigned() const { return unassigned_; }
  // CPU time of leaves without a process since the start.
  [[nodiscard]] Nanoseconds unassigned_time() const { return unassigned_time_; }
  // CPU time of an account since it was opened.
  [[nodiscard]] Nanoseconds CpuTime(AccountId account) const { return accounts_[account].time; }
  // Energy of an account in one series; `last` is 0 if it had no leaf in the last epoch.
  [[nodiscard]] Balance BalanceOf(AccountId account, size_t series) const;

 private:
  struct Account {
    Nanoseconds time;
    uint64_t epoch = 0;  // the last one with a leaf
    bool open = false;
  };
  // The rows of one socket: its leaves and, where time is left over, one more without a leaf.
  struct SocketRows {
    uint32_t socket = 0;
    size_t first = 0, count = 0;
    Load load;
    uint64_t weight = 0;  // of all of them, or the largest number
  };
  // The rows that run on a zone's CPUs.
  [[nodiscard]] SocketRows RowsOf(const LedgerZone& zone) const;
  [[nodiscard]] SocketRows AllRows() const;
  void LayOutRows(std::span<const LedgerSocket> sockets, const std::vector<LeafTime>& leaves);
  void AddSocketRows(const LedgerSocket& socket, std::span<const LeafTime> leaves);
  void BookTime();
  void PostZone(size_t zone, const LedgerEpoch& epoch);
  void Charge(Microjoules active, const SocketRows& rows, size_t series);
  void AddShare(const LeafTime* leaf, size_t series, Microjoules share);

  std::vector<LedgerZone> ledger_zones_;
  std::unique_ptr<SplitPolicy> split_;
  size_t series_ = 0;
  uint64_t epoch_ = 0;
  std::vector<ZoneBalance> zone_balances_;
  std::vector<Balance> unassigned_;
  Nanoseconds unassigned_time_;
  std::vector<Account> accounts_;
  std::vector<Balance> balances_;  // account * series_ + series
  std::vector<AccountId> free_;

  // Scratch of Post. Row i has row_times_[i] ns of row_leaves_[i], or of nobody where that is null.
  std::vector<LedgerSocket> sorted_sockets_;
  std::vector<SocketRows> socket_rows_;
  std::vector<uint64_t> row_times_;
  std::vector<uint64_t> row_weights_;
  std::vector<const LeafTime*> row_leaves_;
  std::vector<uint64_t> shares_;
  Apportioner apportioner_;
};

}  // namespace brahe::attribution
