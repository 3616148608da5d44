#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "userspace/attribution/ledger.h"

namespace brahe::attribution {

// A number that is not negative, exactly.
class Rational {
 public:
  // a * b / c; 0 where c is 0.
  static Rational Product(uint64_t a, uint64_t b, Uint128 c) {
    return c == 0 ? Rational(0, 1) : Rational(static_cast<Uint128>(a) * b, c);
  }
  [[nodiscard]] Uint128 Floor() const { return numerator_ / denominator_; }
  [[nodiscard]] Rational Fraction() const { return {numerator_ % denominator_, denominator_}; }
  // By whole parts, then by the fractions' reciprocals: no product is too large.
  std::strong_ordering operator<=>(const Rational& other) const;

 private:
  Rational(Uint128 numerator, Uint128 denominator) : numerator_(numerator), denominator_(denominator) {}

  Uint128 numerator_, denominator_;
};

// What docs/accounting.md says of shares, word for word: each gets the whole part of amount * weight / sum, and what is
// left goes, one by one, to the largest fraction that has not been served; of equal ones, to the first.
std::vector<uint64_t> ExactShares(uint64_t amount, std::span<const uint64_t> weights);

// The same books as Ledger's, kept without haste: in maps, by the rules as ledger.h, baseline_split.h and
// docs/accounting.md tell them. Shares no arithmetic with what it is compared with.
class ExactLedger {
 public:
  struct Account {
    uint64_t time = 0;
    std::vector<Balance> series;
  };
  struct Zone {
    Balance all, active, idle;
    bool known = false;
  };

  ExactLedger(std::vector<LedgerZone> zones, bool baseline);

  void Open(AccountId account) { accounts_[account].series.resize(unassigned_.size()); }
  void Close(AccountId account) { accounts_.erase(account); }
  void AddTo(AccountId account, AccountId into);
  void Clear(AccountId account);
  void Post(const LedgerEpoch& epoch, const std::vector<LeafTime>& leaves);
  [[nodiscard]] std::optional<uint64_t> IdlePower(size_t zone) const;

  [[nodiscard]] const std::map<AccountId, Account>& accounts() const { return accounts_; }
  [[nodiscard]] const std::vector<Zone>& zones() const { return zones_; }
  [[nodiscard]] const std::vector<Balance>& unassigned() const { return unassigned_; }
  [[nodiscard]] uint64_t unassigned_time() const { return unassigned_time_; }

 private:
  struct Row {
    uint32_t socket;
    const LeafTime* leaf;  // null: nobody's time
    uint64_t time, weight;
  };
  struct Use {
    uint64_t busy = 0, capacity = 0;
  };
  struct Parts {
    uint64_t own, shared;
  };
  struct Learnt {
    std::deque<uint64_t> quiet, awake;  // the last 20 powers, the oldest first
  };

  void MakeRows(const LedgerEpoch& epoch, const std::vector<LeafTime>& leaves);
  void BookTimes();
  Parts PartsOf(size_t zone, uint64_t energy, uint64_t time, bool gap, Use own, Use machine);
  void Charge(uint64_t energy, const std::vector<Row>& rows, uint32_t series);

  const std::vector<LedgerZone> facts_;
  const bool baseline_;
  std::vector<Zone> zones_;
  std::vector<Learnt> learnt_;
  std::vector<Balance> unassigned_;
  uint64_t unassigned_time_ = 0;
  std::map<AccountId, Account> accounts_;
  std::map<uint32_t, Use> uses_;  // by socket
  std::vector<Row> rows_;         // of all sockets
};

}  // namespace brahe::attribution
