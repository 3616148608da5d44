#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "bpf/cpu_time_records.h"
#include "userspace/base/process_key.h"
#include "userspace/base/result.h"

namespace brahe {

// Reads map procs with batches of lookups and finds out what has gained time, where the kernel does not let an iterator
// do so. Costs time for every entry. Not thread-safe.
class BatchBank {
 public:
  // `fd` is borrowed and must outlive this object.
  explicit BatchBank(int fd) : fd_(fd) {}

  // As BpfProgram::ReadBank. All or nothing.
  Status Read(uint32_t bank, const std::function<void(const task_reading&)>& take);
  // Entries at the last read.
  [[nodiscard]] uint32_t entries() const { return static_cast<uint32_t>(read_ns_.size()); }

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
  using Readings = std::unordered_map<task_key, std::array<uint64_t, 2>, Hash, Equal>;

  int fd_;
  Readings read_ns_;  // what each entry's banks were when they were last read
  std::vector<task_key> keys_;
  std::vector<task_time> values_;
};

}  // namespace brahe
