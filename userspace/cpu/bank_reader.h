#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "bpf/cpu_time_records.h"
#include "userspace/base/process_key.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/cpu/bpf_program.h"

namespace brahe {

// Reads the bank that stands still, and knows which entries of the kernel's process table (map procs) may be deleted.
// Not thread-safe.
class BankReader {
 public:
  // `program` must outlive the reader.
  explicit BankReader(BpfProgram& program) : program_(program) {}

  // Takes in what every entry of `bank` has gained since that bank was last read. The first time that an entry is seen,
  // `on_new` is told its key and the comm that the kernel noted. After an Error nothing is lost: what was read is kept,
  // and the next call reads the rest.
  Status Read(uint32_t bank, const std::function<void(const task_key&, const char* comm)>& on_new);

  // Adds time that user space knows of: the open slice at the cut.
  void Add(const task_key& key, uint64_t ns);

  // Hands over each task's time since the last call, once.
  void TakePending(const std::function<void(const task_key&, Nanoseconds)>& take);

  // Deletes a dead process' entries, in the kernel and here. True when none is left: one that has changed in the last
  // two reads stays, because some handler might still hold a pointer to it.
  Result<bool> Delete(const ProcessKey& process);

  // Calls `visit` for each process that has entries of which none has changed in the last two reads, with the number of
  // reads since the last change.
  void ForEachQuietProcess(const std::function<void(const ProcessKey&, uint64_t quiet_reads)>& visit) const;

  // Entries in the kernel at the last read.
  [[nodiscard]] size_t entries() const { return program_.procs_entries(); }

 private:
  struct Entry {
    uint64_t cgroup_id = 0;
    uint32_t socket = 0;
    bool in_kernel = false;    // false for a task that has run but not finished a slice
    uint64_t last_change = 0;  // the read in which it was last seen to have gained time
  };
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
  Entry& EntryOf(const task_key& key);
  [[nodiscard]] bool IsQuiet(const Entry& entry) const;

  BpfProgram& program_;
  uint64_t reads_ = 0;
  std::unordered_map<ProcessKey, std::vector<Entry>> processes_;
  std::unordered_map<task_key, uint64_t, Hash, Equal> pending_ns_;
};

}  // namespace brahe
