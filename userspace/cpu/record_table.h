#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bpf/cpu_time_records.h"
#include "userspace/base/process_key.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/cpu/source_state.h"

namespace brahe::cpu {

// The memory and the maps that hold the kernel side's records. An interface, so that the tests which step through the
// kernel's handler read with the table that the product reads with.
class RecordStore {
 public:
  virtual ~RecordStore() = default;

  // Record numbers go from 1 up to this; the first `overflow_records()` of them are for overflows.
  [[nodiscard]] virtual uint32_t records() const = 0;
  [[nodiscard]] virtual uint32_t overflow_records() const = 0;

  // The kernel's own memory. `index` is at most records(). An Error where it cannot be mapped.
  virtual Result<task_record*> RecordAt(uint32_t index) = 0;
  // Calls `visit` for all of them, while the kernel may be writing. They need not stay mapped.
  virtual Status ForEachRecord(const std::function<void(uint32_t index, const task_record&)>& visit) = 0;
  // Empty if it is not known. Valid until the next call.
  virtual std::string_view CommOf(uint32_t index) = 0;
  // All of them: the marks of record i are in element i / MARKS_EACH.
  virtual std::span<record_marks> Marks() = 0;

  // Takes the keys out of map procs. Those that are not in it do not matter.
  virtual Status Unlink(std::span<const task_key> keys) = 0;
  // Puts a record's number back to those that nobody owns.
  virtual Status Free(uint32_t index) = 0;
};

// Reads the bank that stands still, and gives records back once nobody can hold them. What a read costs is in
// proportion to the records that ran; the others are not looked at. Not thread-safe.
class RecordTable {
 public:
  // `store` must outlive the table. All its records are free, unless Resume is called next.
  explicit RecordTable(RecordStore& store) : store_(store) {}

  // Goes on from where another process was: `state` is its State, and of what it was acknowledged, and of recycling
  // after that, any part may be done. `next_is_cut`: it has published another cut since. Finds again who owns which
  // record, and those that rest. What has not been acknowledged is found by its marks. Error: `state` is of other
  // records, in one clause.
  Status Resume(const RecordTableState& state, uint32_t standing_bank, bool next_is_cut);
  // After TakePending and before Acknowledge.
  [[nodiscard]] RecordTableState State() const;

  // What a record tells of its process: the comm that the kernel noted when it made the record (empty: it is told
  // already, or there is none) and its real user id (NO_UID: not known).
  using Tell = std::function<void(const task_key&, std::string_view comm, uint32_t uid)>;

  // Takes in what each record of `bank` has gained since that bank was last read. All handlers that began before the
  // bank stood still must have ended. `tell` is called the first time that a record of a process is seen, and when its
  // user has changed. After an Error nothing is lost: the next read takes in the rest. Changes nothing in the kernel's
  // memory: whoever reads there next, if this process ends now, finds it all once more.
  Status Read(uint32_t bank, const Tell& tell);

  // What has been taken in need not be found again: notes it in the kernel's memory, where the marks of
  // `standing_bank`, which receives no time now, go out. Marks of the other bank (that of an epoch which failed) stay:
  // they may have been set anew. Error: the memory cannot be mapped; what is left is noted by the next call.
  Status Acknowledge(uint32_t standing_bank);

  // Makes the next record of the process that has run tell its user, whatever was told before: what was learnt
  // otherwise may be older than that or newer.
  void TellUserAgain(const ProcessKey& process) { SetToldUser(process, NO_UID); }

  // Adds time that user space knows of: the slice that was running at the cut.
  void Add(const task_key& key, uint64_t ns);

  // Hands over each key's time since the last call, once. Overflows have tgid OVERFLOW_TGID.
  void TakePending(const std::function<void(const task_key&, Nanoseconds)>& take);

  // Says that a process has ended. Its records are given back by the next Recycle; those that appear later (its first
  // slice lay behind the cut) by one of the next.
  void Retire(const ProcessKey& process) { retired_.emplace_back(process, reads_ + kRetiredReads); }
  // Says that a cgroup is gone. Its records are given back once they have not changed in two reads, but for the last
  // one of a process, which is there to its end.
  void RetireCgroup(uint64_t cgroup_id) { gone_cgroups_.push_back(cgroup_id); }
  // After each Acknowledge and what the epoch has retired. A record is taken from its owner first: no way leads to it
  // then. It is free after two more reads; each of them has waited for all handlers that could still hold it. After an
  // Error, the kernel's refusal to take keys or a number, the records wait for the next Recycle.
  Status Recycle();

  // Calls `visit` for each record that has not changed in the last two reads, with the number of reads since it did,
  // and for each process that has none and was last seen so long ago. A process may be visited more than once, and may
  // have another record that has changed.
  void ForEachQuietProcess(const std::function<void(const ProcessKey&, uint64_t quiet_reads)>& visit) const;

  // Another process with this one's pid that has records: one of the two has ended.
  [[nodiscard]] std::optional<ProcessKey> OtherOfItsPid(const ProcessKey& process) const;

  // Records that are owned, or not free yet. Those for overflows are counted apart.
  [[nodiscard]] uint32_t entries() const { return entries_; }
  [[nodiscard]] uint32_t overflow_entries() const { return overflow_entries_; }

 private:
  static constexpr uint32_t kRetiredReads = 2;
  static constexpr uint32_t kQuietReads = 2;
  static constexpr uint32_t kLimboReads = 2;

  // What is known of a record. Links are record numbers; 0 is none.
  struct Owner {
    task_key key = {};           // tgid 0: the record has not been seen, or is free
    uint64_t pending_ns = 0;     // for the next TakePending
    uint32_t last_change = 0;    // the read in which it was last seen to have gained time
    uint32_t next = 0;           // of the same pid
    uint32_t same = 0;           // the record that this one's time is added to: two threads made one each
    uint32_t limbo_since = 0;    // the read after which it was taken from its owner
    uint32_t told_uid = NO_UID;  // of its process, last
  };
  struct KeyHash {
    size_t operator()(const task_key& key) const noexcept {
      return MixBits(key.start_ns ^ MixBits(key.cgroup_id * 64 + key.socket + (static_cast<uint64_t>(key.tgid) << 32)));
    }
  };
  struct KeyEqual {
    bool operator()(const task_key& a, const task_key& b) const noexcept {
      return a.tgid == b.tgid && a.socket == b.socket && a.start_ns == b.start_ns && a.cgroup_id == b.cgroup_id;
    }
  };

  Status ReadRecord(uint32_t index, uint32_t bank, const Tell& tell);
  [[nodiscard]] uint64_t NoteRead(uint32_t index, uint32_t bank, uint64_t ns, uint64_t read_ns);
  void Learn(uint32_t index, const task_key& key);
  void SetToldUser(const ProcessKey& process, uint32_t uid);
  [[nodiscard]] uint32_t FirstOf(uint32_t pid) const;
  [[nodiscard]] uint32_t Find(const task_key& key) const;
  void Pend(uint32_t index, uint64_t ns);
  [[nodiscard]] bool IsQuiet(const Owner& owner) const { return reads_ >= owner.last_change + kQuietReads; }
  uint32_t& CounterOf(uint32_t index);

  void Take(uint32_t index);
  void TakeRetired();
  void TakeOfGoneCgroups();
  void TakeStale();
  bool TakeUnlessLast(uint32_t index);
  void Detach(uint32_t index);
  Status PutInLimbo();
  Status FreeRested();
  Status Free(uint32_t index);

  RecordStore& store_;
  uint32_t reads_ = 0;
  std::vector<RecordTableState::Read> taken_in_;     // and not acknowledged yet; each bank of a record once
  std::unordered_map<uint64_t, size_t> earlier_at_;  // where those of earlier reads are in it, by record and bank
  std::vector<Owner> owners_;                        // by record; as long as the highest number that was seen
  std::unordered_map<uint32_t, uint32_t> first_of_pid_;
  std::vector<uint32_t> pending_;                                            // records with pending_ns
  std::unordered_map<task_key, uint64_t, KeyHash, KeyEqual> unrecorded_ns_;  // of tasks that have not ended a slice
  // Processes that were seen running at a cut and have no record, with that read: their ends must be found, too.
  std::unordered_map<ProcessKey, uint32_t> unrecorded_;
  std::vector<std::pair<ProcessKey, uint32_t>> retired_;  // with the read until which it is kept
  std::vector<uint64_t> gone_cgroups_;
  std::vector<uint32_t> taken_;  // whose keys are still in the kernel's table
  std::vector<uint32_t> limbo_;
  uint32_t entries_ = 0, overflow_entries_ = 0;
};

}  // namespace brahe::cpu
