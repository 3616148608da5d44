#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "bpf/cpu_time_records.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"

namespace brahe {

// The same as BankReader for map cg_overflow: time of cgroups whose processes found the process table full. Its entries
// are never deleted; what no longer fits is counted as lost by the kernel side. Not thread-safe.
class OverflowReader {
 public:
  // `fd` is borrowed and must outlive the reader.
  explicit OverflowReader(int fd) : fd_(fd) {}

  // All or nothing, like BankReader::Read.
  Status Read(uint32_t bank);
  // Hands over each entry's pending time once, and forgets it.
  void TakePending(const std::function<void(const overflow_key&, Nanoseconds)>& take);
  // Entries at the last read.
  [[nodiscard]] size_t entries() const { return readings_.size(); }

 private:
  struct Reading {
    uint64_t ns[2] = {0, 0};
    uint64_t pending_ns = 0;
  };
  int fd_;
  std::map<std::pair<uint64_t, uint32_t>, Reading> readings_;  // by cgroup and socket
  std::vector<overflow_key> keys_;
  std::vector<overflow_time> values_;
};

}  // namespace brahe
