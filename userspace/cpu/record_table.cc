#include "userspace/cpu/record_table.h"

#include <algorithm>
#include <cstring>

namespace brahe::cpu {
namespace {

// The word that tells whose a record is goes first, and comes last when there is another owner.
void StoreKey(task_record& record, const task_key& key) {
  typedef uint64_t __attribute__((may_alias)) Word;
  auto* const to = reinterpret_cast<Word*>(&record.key);
  const auto* const from = reinterpret_cast<const Word*>(&key);
  for (size_t word = 0; word < sizeof(task_key) / sizeof(Word); ++word) {
    __atomic_store_n(&to[word], from[word], __ATOMIC_SEQ_CST);
  }
}

// The key of a record while it rests, and back.
task_key Flipped(task_key key) {
  key.tgid ^= RESTING_BIT;
  return key;
}

bool IsResting(const task_key& key) {
  return key.tgid != OVERFLOW_TGID && ((key.tgid & RESTING_BIT) != 0 || Flipped(key).tgid == OVERFLOW_TGID);
}

}  // namespace

Status RecordTable::Read(uint32_t bank, const Tell& tell) {
  ++reads_;
  for (size_t at = earlier_at_.size(); at < taken_in_.size(); ++at) {
    earlier_at_[uint64_t{taken_in_[at].index} * 2 + taken_in_[at].bank] = at;
  }
  Status status;
  uint32_t first = 0;
  for (record_marks& marks : store_.Marks()) {
    for (uint32_t i = 0; i < MARKS_EACH; i += sizeof(uint64_t)) {
      uint64_t word = 0;
      memcpy(&word, &marks.of[bank][i], sizeof word);
      if (word == 0) continue;
      for (uint32_t byte = i; byte < i + sizeof word; ++byte) {
        if (marks.of[bank][byte] == 0) continue;
        if (auto read = ReadRecord(first + byte, bank, tell); !read) status = read;
      }
    }
    first += MARKS_EACH;
  }
  return status;
}

Status RecordTable::ReadRecord(uint32_t index, uint32_t bank, const Tell& tell) {
  const auto record = store_.RecordAt(index);
  if (!record) return record.error();
  const uint64_t ns = __atomic_load_n(&(*record)->ns[bank], __ATOMIC_RELAXED);
  const uint64_t gained = NoteRead(index, bank, ns, (*record)->read_ns[bank]);
  if (owners_.size() <= index) owners_.resize(index + 1);
  const bool is_new = owners_[index].key.tgid == 0;
  // Nobody's: what user space ended at once has left a mark behind.
  if (is_new && __atomic_load_n(&(*record)->key.tgid, __ATOMIC_ACQUIRE) == 0) return {};
  if (is_new) Learn(index, (*record)->key);
  const uint32_t uid = __atomic_load_n(&(*record)->uid, __ATOMIC_RELAXED);
  if (index > store_.overflow_records() && (is_new || uid != owners_[index].told_uid)) {
    const task_key& key = owners_[index].key;
    tell(key, is_new ? store_.CommOf(index) : "", uid);
    SetToldUser({key.tgid, key.start_ns}, uid);
  }
  owners_[index].last_change = reads_;
  const uint32_t same = owners_[index].same;
  Pend(same != 0 ? same : index, gained);
  return {};
}

// Returns what the record has gained since it was taken in last, be that acknowledged (`read_ns`) or not.
uint64_t RecordTable::NoteRead(uint32_t index, uint32_t bank, uint64_t ns, uint64_t read_ns) {
  if (!earlier_at_.empty()) {
    const auto earlier = earlier_at_.find(uint64_t{index} * 2 + bank);
    if (earlier != earlier_at_.end()) return ns - std::exchange(taken_in_[earlier->second].ns, ns);
  }
  taken_in_.push_back({index, bank, ns});
  return ns - read_ns;
}

// The mark goes out last: where it is out already, all is done, and the record may be another's by now.
Status RecordTable::Acknowledge(uint32_t standing_bank) {
  const std::span<record_marks> marks = store_.Marks();
  for (const RecordTableState::Read& taken : taken_in_) {
    const auto record = store_.RecordAt(taken.index);  // is mapped since it was read
    if (!record) return record.error();
    const bool stands = taken.bank == standing_bank;
    uint8_t& mark = marks[taken.index / MARKS_EACH].of[taken.bank][taken.index % MARKS_EACH];
    if (stands ? mark == 0 : (*record)->read_ns[taken.bank] == taken.ns) continue;
    __atomic_store_n(&(*record)->known, 1, __ATOMIC_RELEASE);
    __atomic_store_n(&(*record)->read_ns[taken.bank], taken.ns, __ATOMIC_RELEASE);
    if (stands) __atomic_store_n(&mark, 0, __ATOMIC_RELEASE);
  }
  earlier_at_.clear();
  // An epoch in which much has run is no reason to keep memory for ever.
  if (taken_in_.capacity() > 4 * taken_in_.size() + 1024) taken_in_.shrink_to_fit();
  taken_in_.clear();
  return {};
}

// All records of a process know what has been told of it last: whichever runs and knows otherwise is newer.
void RecordTable::SetToldUser(const ProcessKey& process, uint32_t uid) {
  for (uint32_t i = FirstOf(process.pid); i != 0; i = owners_[i].next) {
    if (owners_[i].key.start_ns == process.start_ns) owners_[i].told_uid = uid;
  }
}

void RecordTable::Learn(uint32_t index, const task_key& key) {
  ++CounterOf(index);
  Owner& owner = owners_[index];
  owner = {.key = key};
  owner.same = Find(key);
  if (!unrecorded_.empty()) unrecorded_.erase({key.tgid, key.start_ns});
  const auto [first, added] = first_of_pid_.try_emplace(key.tgid, index);
  if (added) return;
  owner.next = owners_[first->second].next;
  owners_[first->second].next = index;
}

uint32_t& RecordTable::CounterOf(uint32_t index) {
  return index <= store_.overflow_records() ? overflow_entries_ : entries_;
}

uint32_t RecordTable::FirstOf(uint32_t pid) const {
  const auto first = first_of_pid_.find(pid);
  return first != first_of_pid_.end() ? first->second : 0;
}

// The record that a key's time is added to; 0: none.
uint32_t RecordTable::Find(const task_key& key) const {
  for (uint32_t i = FirstOf(key.tgid); i != 0; i = owners_[i].next) {
    if (owners_[i].same == 0 && KeyEqual()(owners_[i].key, key)) return i;
  }
  return 0;
}

std::optional<ProcessKey> RecordTable::OtherOfItsPid(const ProcessKey& process) const {
  for (uint32_t i = FirstOf(process.pid); i != 0; i = owners_[i].next) {
    if (owners_[i].key.start_ns != process.start_ns) return ProcessKey{process.pid, owners_[i].key.start_ns};
  }
  return std::nullopt;
}

void RecordTable::Pend(uint32_t index, uint64_t ns) {
  if (ns == 0) return;
  if (owners_[index].pending_ns == 0) pending_.push_back(index);
  owners_[index].pending_ns += ns;
}

void RecordTable::Add(const task_key& key, uint64_t ns) {
  if (ns == 0) return;
  if (const uint32_t index = Find(key); index != 0) {
    owners_[index].last_change = reads_ + 1;  // slots are read before the bank
    Pend(index, ns);
  } else {
    unrecorded_ns_[key] += ns;
    unrecorded_[{key.tgid, key.start_ns}] = reads_ + 1;
  }
}

void RecordTable::TakePending(const std::function<void(const task_key&, Nanoseconds)>& take) {
  // Its key may have another record by now, or still be running without one.
  for (const uint32_t index : pending_) {
    Owner& owner = owners_[index];
    if (owner.limbo_since != 0) unrecorded_ns_[owner.key] += std::exchange(owner.pending_ns, 0);
  }
  for (const auto& [key, ns] : unrecorded_ns_) {
    if (const uint32_t index = Find(key); index != 0) {
      Pend(index, ns);
    } else {
      take(key, Nanoseconds{ns});
    }
  }
  unrecorded_ns_.clear();
  for (const uint32_t index : pending_) {
    if (const uint64_t ns = std::exchange(owners_[index].pending_ns, 0); ns != 0) take(owners_[index].key, {ns});
  }
  pending_.clear();
}

void RecordTable::ForEachQuietProcess(const std::function<void(const ProcessKey&, uint64_t)>& visit) const {
  for (const Owner& owner : owners_) {
    if (owner.key.tgid == 0 || owner.key.tgid == OVERFLOW_TGID || owner.limbo_since != 0 || !IsQuiet(owner)) continue;
    visit({owner.key.tgid, owner.key.start_ns}, reads_ - owner.last_change);
  }
  for (const auto& [process, last_seen] : unrecorded_) {
    if (reads_ >= last_seen + kQuietReads) visit(process, reads_ - last_seen);
  }
}

Status RecordTable::Recycle() {
  Status freed = FreeRested();
  TakeRetired();
  if (!gone_cgroups_.empty()) TakeOfGoneCgroups();
  const bool scarce = entries_ > (store_.records() - store_.overflow_records()) / 4 * 3;
  if (scarce || overflow_entries_ > store_.overflow_records() / 4 * 3) TakeStale();
  if (auto put = PutInLimbo(); !put) return put;
  return freed;
}

// Takes a record from its process.
void RecordTable::Take(uint32_t index) {
  Detach(index);
  owners_[index].limbo_since = reads_;
  taken_.push_back(index);
}

void RecordTable::TakeRetired() {
  std::erase_if(retired_, [&](const auto& retired) {
    const auto& [process, until] = retired;
    unrecorded_.erase(process);
    for (uint32_t i = FirstOf(process.pid), next = 0; i != 0; i = next) {
      next = owners_[i].next;
      if (owners_[i].key.start_ns != process.start_ns) continue;
      Take(i);
    }
    return reads_ >= until;
  });
}

// Looks through all records, which is cheap beside the removal of a cgroup.
void RecordTable::TakeOfGoneCgroups() {
  std::sort(gone_cgroups_.begin(), gone_cgroups_.end());
  std::vector<uint64_t> kept;
  for (uint32_t i = 1; i < owners_.size(); ++i) {
    const Owner& owner = owners_[i];
    if (owner.key.tgid == 0 || owner.limbo_since != 0 ||
        !std::binary_search(gone_cgroups_.begin(), gone_cgroups_.end(), owner.key.cgroup_id)) {
      continue;
    }
    if (!IsQuiet(owner) || !TakeUnlessLast(i)) kept.push_back(owner.key.cgroup_id);
  }
  gone_cgroups_ = std::move(kept);
}

// Without its last record a process would not be known any more, so that its end could go unseen; and so it could if
// what stays did not tell when it ran last.
bool RecordTable::TakeUnlessLast(uint32_t index) {
  const Owner& owner = owners_[index];
  if (owner.key.tgid != OVERFLOW_TGID) {
    uint32_t other = FirstOf(owner.key.tgid);
    while (other != 0 && (other == index || owners_[other].key.start_ns != owner.key.start_ns)) {
      other = owners_[other].next;
    }
    if (other == 0) return false;
    owners_[other].last_change = std::max(owners_[other].last_change, owner.last_change);
  }
  Take(index);
  return true;
}

// A process may leave many cgroups behind, and a cgroup's removal may go untold: where room gets scarce, records are
// taken that have not changed lately, but for the last one of a process.
void RecordTable::TakeStale() {
  for (uint32_t i = 1; i < owners_.size(); ++i) {
    if (owners_[i].key.tgid != 0 && owners_[i].limbo_since == 0 && IsQuiet(owners_[i])) TakeUnlessLast(i);
  }
}

// Takes a record out of its pid's list.
void RecordTable::Detach(uint32_t index) {
  const auto at = first_of_pid_.find(owners_[index].key.tgid);
  if (at == first_of_pid_.end()) return;
  uint32_t successor = 0;  // of those whose time is added to it
  for (uint32_t i = at->second; i != 0; i = owners_[i].next) {
    if (owners_[i].same != index) continue;
    owners_[i].same = std::exchange(successor, successor != 0 ? successor : i);
  }
  uint32_t* link = &at->second;
  while (*link != 0 && *link != index) link = &owners_[*link].next;
  if (*link == index) *link = owners_[index].next;
  if (at->second == 0) first_of_pid_.erase(at);
}

// A record whose key is still in the table would be found there by that key when it is another's.
Status RecordTable::PutInLimbo() {
  if (taken_.empty()) return {};
  std::vector<task_key> keys;
  for (const uint32_t index : taken_) keys.push_back(owners_[index].key);
  if (auto unlinked = store_.Unlink(keys); !unlinked) return unlinked;
  for (const uint32_t index : taken_) {
    const auto record = store_.RecordAt(index);  // is mapped since it was read
    if (!record) return record.error();
    StoreKey(**record, Flipped(owners_[index].key));
    owners_[index].limbo_since = reads_;
  }
  limbo_.insert(limbo_.end(), taken_.begin(), taken_.end());
  taken_.clear();
  return {};
}

Status RecordTable::FreeRested() {
  Status status;
  std::erase_if(limbo_, [&](uint32_t index) {
    if (reads_ < owners_[index].limbo_since + kLimboReads) return false;
    if (auto freed = Free(index); !freed) {
      status = freed;
      return false;
    }
    --CounterOf(index);
    owners_[index] = {};
    return true;
  });
  return status;
}

// If this process ends in between, the record is lost until the kernel side is made anew; and it alone, as those that
// wait for their turn still have their keys.
Status RecordTable::Free(uint32_t index) {
  const auto record = store_.RecordAt(index);
  if (!record) return record.error();
  // A mark of an epoch that failed may be there still.
  for (auto& of : store_.Marks()[index / MARKS_EACH].of) of[index % MARKS_EACH] = 0;
  (*record)->known = 0;
  StoreKey(**record, {});
  auto freed = store_.Free(index);
  if (!freed) StoreKey(**record, Flipped(owners_[index].key));
  return freed;
}

RecordTableState RecordTable::State() const {
  RecordTableState state;
  state.reads = taken_in_;
  for (const auto& [process, until] : retired_) state.retired.push_back(process);
  state.gone_cgroups = gone_cgroups_;
  for (const auto& [process, last_seen] : unrecorded_) state.unrecorded.push_back(process);
  return state;
}

Status RecordTable::Resume(const RecordTableState& state, uint32_t standing_bank, bool next_is_cut) {
  for (const RecordTableState::Read& read : state.reads) {
    if (read.index == 0 || read.index > store_.records() || read.bank > 1) {
      return MakeError("the kept state is of records that it does not have");
    }
  }
  // Whoever has cut another epoch had told the kernel's memory of all this, and its marks are newer.
  taken_in_ = state.reads;
  if (auto noted = Acknowledge(next_is_cut ? 2 : standing_bank); !noted) return noted;
  ++reads_;  // 0 has a meaning
  auto visited = store_.ForEachRecord([&](uint32_t index, const task_record& record) {
    const uint32_t tgid = __atomic_load_n(&record.key.tgid, __ATOMIC_ACQUIRE);
    const bool known = __atomic_load_n(&record.known, __ATOMIC_RELAXED) != 0;
    if (tgid == 0 || index == 0) return;
    const bool resting = IsResting(record.key);
    if (!resting && !known) return;  // it has its mark, and may just be getting its key
    if (owners_.size() <= index) owners_.resize(index + 1);
    if (!resting) {
      Learn(index, record.key);
      owners_[index].last_change = reads_;
      return;
    }
    ++CounterOf(index);
    owners_[index].key = Flipped(record.key);
    owners_[index].limbo_since = reads_;
    limbo_.push_back(index);
  });
  if (!visited) return visited;
  for (const ProcessKey& process : state.retired) Retire(process);
  gone_cgroups_ = state.gone_cgroups;
  for (const ProcessKey& process : state.unrecorded) {
    const uint32_t first = FirstOf(process.pid);
    if (first == 0 || owners_[first].key.start_ns != process.start_ns) unrecorded_[process] = reads_;
  }
  return {};
}

}  // namespace brahe::cpu
