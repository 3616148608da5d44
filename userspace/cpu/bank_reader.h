#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "bpf/cpu_time_records.h"
#include "userspace/base/process_key.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"

namespace brahe {

// One entry of the kernel's process table (map procs) as it was last read, with time that is still to be reported.
struct TaskReading {
  uint64_t ns[2] = {0, 0};   // by bank, cumulative, when each was last read
  uint64_t pending_ns = 0;   // used since the last TakePending
  uint32_t quiet_reads = 0;  // reads in a row in which the entry had not changed
  bool in_kernel = false;    // has an entry there; false for a task that has run but not finished a slice
};

// Reads the bank that stands still and turns its cumulative figures into differences.
// Not thread-safe.
class BankReader {
 public:
  // `procs_fd` is borrowed and must outlive the reader.
  explicit BankReader(int procs_fd);

  // Adds what every entry of `bank` has gained since that bank was last read. New entries are reported to `on_new` with
  // the comm that the kernel noted. All or nothing: an Error leaves everything as it was, and the bank can be read
  // again.
  Status Read(uint32_t bank, const std::function<void(const task_key&, const char* comm)>& on_new);

  // Adds time that user space knows of: the open slice at the cut.
  void Add(const task_key& key, uint64_t ns);

  // Hands over each entry's pending time once, and forgets it.
  void TakePending(const std::function<void(const task_key&, Nanoseconds)>& take);

  // Deletes entries, in the kernel and here, that belong to a process for which `is_dead` holds and have not changed
  // for two reads: by then no handler can still hold a pointer to one.
  Status DeleteDead(const std::function<bool(const ProcessKey&)>& is_dead);

  // Calls `visit` for each process that has entries, possibly several times.
  void ForEachQuietProcess(const std::function<void(const ProcessKey&)>& visit) const;

  // Entries in the kernel at the last read.
  [[nodiscard]] size_t entries() const { return keys_.size(); }

 private:
  struct Hash {
    size_t operator()(const task_key& key) const noexcept {
      return MixBits(key.start_ns ^ MixBits(key.cgroup_id * 64 + key.socket + (static_cast<uint64_t>(key.tgid) << 32)));
    }
  };
  struct Equal {
    bool operator()(const task_key& a, const task_key& b) const noexcept {
      return a.tgid == b.tgid && a.socket == b.socket && a.start_ns == b.start_ns && a.cgroup_id == b.cgroup_id;
    }
  };
  using Table = std::unordered_map<task_key, TaskReading, Hash, Equal>;
  void AddPending(Table::value_type& entry, uint64_t ns);

  int fd_;
  Table table_;
  std::vector<Table::value_type*> touched_;  // entries with pending time
  std::vector<task_key> unseen_;             // tasks that have run, without an entry in the kernel so far
  // The kernel's table as read, item by item; kept so that reading allocates nothing.
  std::vector<task_key> keys_;
  std::vector<task_time> values_;
};

}  // namespace brahe
