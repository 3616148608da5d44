#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "userspace/attribution/ledger.h"
#include "userspace/base/units.h"
#include "userspace/monitor/books_state.h"
#include "userspace/monitor/ended_list.h"
#include "userspace/monitor/listing.h"

namespace brahe::monitor {

// A container, pod or virtual machine that has used CPU time. Each level derives its Record from it, with what it has
// to know besides.
template <typename LabelsOfLevel, typename Record>
struct GroupRecord {
  using Labels = LabelsOfLevel;

  attribution::AccountId account = attribution::kNoAccount;
  const std::string* key = nullptr;      // what it is known by
  std::shared_ptr<const Labels> labels;  // may be replaced
  uint32_t members = 0;                  // those that are known to keep it running
  ListingEntry<Record> entry;
  bool ended = false;
  bool touched = false;  // to be asked at the end of this epoch whether it still runs
};

// The groups of one level that are listed, each with its account in the ledger and known by a key, which is its id
// unless the level says otherwise.
//
// A group runs while it has members, or is populated by others: what has slept since before the first epoch is not
// known to be a member. It may run again after its end, with the same account as long as it is listed.
//
// One that awaits its names is listed when they are known, at the latest after kNamesGrace or at its end: labels that
// change make another series. Until then its energy is pending. Not thread-safe.
template <typename Record>
class GroupTable {
 public:
  using Labels = typename Record::Labels;

  // `ledger` must outlive this object.
  GroupTable(attribution::Ledger& ledger, EndedPolicy policy) : ledger_(ledger), ended_(policy) {}
  GroupTable(const GroupTable&) = delete;
  GroupTable& operator=(const GroupTable&) = delete;
  virtual ~GroupTable() = default;

  // Begins an epoch: what comes to be in it counts from `begin` on.
  void BeginEpoch(Nanoseconds begin) { epoch_begin_ = begin; }
  void Join(Record& record) { ++record.members; }
  void Leave(Record& record) {
    --record.members;
    Touch(record);
  }
  // What is not listed because it awaits its names.
  [[nodiscard]] Microjoules Pending(size_t series) const {
    Microjoules sum;
    for (const Record* record : held_) sum += ledger_.BalanceOf(record->account, series).total;
    return sum;
  }
  // After the ledger's Post: decides who has ended at `now` and who is listed. `primary` is the series that ended
  // groups are ranked by.
  void Settle(Nanoseconds now, size_t primary);

  // The account that a leaf of this epoch goes to.
  attribution::AccountId Charge(Record& record) {
    listing_.TouchFigures(record);
    return record.account;
  }
  // After Settle: see Listing.
  [[nodiscard]] WorkloadList<Labels> List(const std::vector<std::optional<Nanoseconds>>& time) {
    return listing_.List(ledger_, time);
  }

 protected:
  // The record of a group that used time in this epoch. A new one has an account, and no label but its id, the key.
  Record& UseKey(const std::string& key);
  void Relabel(Record& record, Labels labels) {
    if (*record.labels == labels) return;
    record.labels = std::make_shared<const Labels>(std::move(labels));
    listing_.TouchLabels(record);
  }
  // The group of that key; null: there is none.
  [[nodiscard]] Record* Find(const std::string& key) {
    const auto it = records_.find(key);
    return it != records_.end() ? &it->second : nullptr;
  }
  // What all levels keep of a group for later books.
  void FillState(const Record& record, WorkloadBooks<Labels>& state) const;
  // Puts back a group of earlier books, which ended at `now`. Whether it still runs is asked in the next epoch. Null if
  // there is one of that key.
  Record* ResumeKey(const std::string& key, const WorkloadBooks<Labels>& state, Nanoseconds now);
  // Those that are listed, the oldest first, and those that are not yet.
  void ForEach(const auto& visit) const {
    listing_.ForEach(visit);
    for (Record* record : held_) visit(*record);
  }
  void ForEachHeld(const auto& visit) const {
    for (Record* record : held_) visit(*record);
  }
  // True while a group is not listed yet.
  [[nodiscard]] static bool IsHeld(const Record& record) { return record.entry.page == nullptr; }
  // True if a new group's names are not known but may be soon.
  virtual bool AwaitsNames(const Record&) { return false; }
  // True if processes live in a group without members.
  virtual bool IsPopulated(const Record& record) = 0;
  // A group has no members and is not populated.
  virtual void OnEnd(Record&) {}
  // A group is listed no more.
  virtual void OnDrop(Record&) {}

 private:
  // What Kubernetes knows of a new container comes within a second or two.
  static constexpr Nanoseconds kNamesGrace = Seconds(10);

  void Open(const std::string& key, Record& record);
  void ListHeld(Nanoseconds now);
  void Touch(Record& record) {
    if (!std::exchange(record.touched, true)) touched_.push_back(&record);
  }
  void SetEnded(Record& record, bool ended, Nanoseconds now);
  void DropEnded(Nanoseconds now, size_t primary);

  attribution::Ledger& ledger_;
  Nanoseconds epoch_begin_;
  EndedList ended_;
  std::unordered_map<std::string, Record> records_;
  std::vector<Record*> by_account_;
  Listing<Record> listing_;
  std::vector<Record*> held_;
  std::vector<Record*> touched_;
};

template <typename Record>
Record& GroupTable<Record>::UseKey(const std::string& key) {
  const auto [it, added] = records_.try_emplace(key);
  Record& record = it->second;
  if (added) {
    Open(it->first, record);
    Labels labels;
    labels.id = key;
    record.labels = std::make_shared<const Labels>(std::move(labels));
    record.entry.since = epoch_begin_;
    held_.push_back(&record);
  }
  Touch(record);
  return record;
}

template <typename Record>
void GroupTable<Record>::Open(const std::string& key, Record& record) {
  record.key = &key;
  record.account = ledger_.Open();
  if (by_account_.size() <= record.account) by_account_.resize(record.account + 1);
  by_account_[record.account] = &record;
}

template <typename Record>
void GroupTable<Record>::FillState(const Record& record, WorkloadBooks<Labels>& state) const {
  state.labels = record.labels;
  state.ended = record.ended;
  state.listed = !IsHeld(record);
  state.since = record.entry.since;
  state.serial = record.entry.serial;
  state.account = AccountIn(ledger_, record.account);
}

template <typename Record>
Record* GroupTable<Record>::ResumeKey(const std::string& key, const WorkloadBooks<Labels>& state, Nanoseconds now) {
  const auto [it, added] = records_.try_emplace(key);
  if (!added) return nullptr;
  Record& record = it->second;
  Open(it->first, record);
  ledger_.Resume(record.account, state.account.time, state.account.energy);
  record.labels = state.labels;
  if (state.listed) {
    listing_.Resume(record, state.since, state.serial);
  } else {
    record.entry.since = state.since;
    held_.push_back(&record);
  }
  if (state.ended) {
    SetEnded(record, true, now);
  } else {
    Touch(record);
  }
  return &record;
}

template <typename Record>
void GroupTable<Record>::Settle(Nanoseconds now, size_t primary) {
  const auto is_settled = [&](Record* record) {
    const bool populated = record->members == 0 && IsPopulated(*record);
    SetEnded(*record, record->members == 0 && !populated, now);
    // The end of a process that was never seen may pass unseen as well: its group is asked again next time.
    record->touched = populated;
    return !populated;
  };
  std::erase_if(touched_, is_settled);
  ListHeld(now);
  DropEnded(now, primary);
}

template <typename Record>
void GroupTable<Record>::ListHeld(Nanoseconds now) {
  std::erase_if(held_, [&](Record* record) {
    const Nanoseconds since = *record->entry.since;
    if (!record->ended && now - since < kNamesGrace && AwaitsNames(*record)) return false;
    listing_.Add(*record, since);
    return true;
  });
}

template <typename Record>
void GroupTable<Record>::SetEnded(Record& record, bool ended, Nanoseconds now) {
  // Late time does not revive it: told even if it had ended before.
  if (ended) OnEnd(record);
  if (ended == record.ended) return;
  record.ended = ended;
  listing_.TouchFace(record);
  if (ended) {
    ended_.Add(record.account, now);
  } else {
    ended_.Remove(record.account);
  }
}

template <typename Record>
void GroupTable<Record>::DropEnded(Nanoseconds now, size_t primary) {
  const std::vector<attribution::AccountId> dropped = ended_.Settle(now, [&](attribution::AccountId account) {
    return EndedList::Standing{ledger_.BalanceOf(account, primary).total};
  });
  for (const attribution::AccountId account : dropped) {
    Record& record = *std::exchange(by_account_[account], nullptr);
    listing_.Remove(record);
    ledger_.Close(account);
    OnDrop(record);
    records_.erase(records_.find(*record.key));
  }
}

}  // namespace brahe::monitor
