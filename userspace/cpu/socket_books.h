#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "userspace/base/units.h"
#include "userspace/cpu/cpu_time_source.h"

namespace brahe::cpu {

// What was counted of one socket's CPUs in an epoch.
struct SocketCount {
  uint64_t capacity_ns = 0;  // wall time of those that were online
  uint64_t idle_ns = 0;
  uint64_t lost_ns = 0;  // used, by whom is not known
};

// The one place where capacity, idle and busy time are made to agree, whichever source has counted them: adds the
// sockets to an epoch that has its tasks and its unassigned time, so that capacity - idle = tasks + unassigned on each.
//
// What is missing to the capacity was used by somebody unknown. What is too much was not idle, and if that is not
// enough, there was more capacity. Where the capacity is not known to be right (`capacity_is_known` false), it is what
// was counted. Returns by how much the counts differed from capacities that are known.
Nanoseconds CloseSockets(const std::map<uint32_t, SocketCount>& sockets, bool capacity_is_known, CpuTimeEpoch& epoch);

// Counts sockets' time by CPU, as the BPF source reads it. Not thread-safe.
class SocketBooks {
 public:
  // `socket_of_cpu` has an entry for each possible CPU. Which ones are online is read from `sysfs_root`.
  SocketBooks(std::vector<uint32_t> socket_of_cpu, std::string sysfs_root);

  // CPUs that were offline at the last cut. SetOfflineCpus goes on from there, in another process.
  [[nodiscard]] std::vector<uint32_t> OfflineCpus() const;
  void SetOfflineCpus(const std::vector<uint32_t>& cpus);

  // At each cut, before times are added: which CPUs are online, so that their wall time counts.
  void NoteOnlineCpus();
  // Time of the epoch that the kernel side has closed.
  void AddIdle(size_t cpu, uint64_t ns) { cpus_[cpu].idle_ns += ns; }
  void AddLost(size_t cpu, uint64_t ns) { cpus_[cpu].lost_ns += ns; }
  // An idle slice that was open at the cut. A CPU that is offline has one that never ends.
  void AddOpenIdle(size_t cpu, uint64_t ns) {
    if (cpus_[cpu].counted) cpus_[cpu].idle_ns += ns;
  }

  // CloseSockets for an epoch that has its bounds, too. `exact`: they are known to the nanosecond.
  Nanoseconds Close(bool exact, CpuTimeEpoch& epoch);

 private:
  struct Cpu {
    uint64_t idle_ns = 0;
    uint64_t lost_ns = 0;
    bool online = true;
    bool counted = true;  // online at this cut or at the one before: its wall time is part of the capacity
  };

  const std::vector<uint32_t> socket_of_cpu_;
  const std::string sysfs_root_;
  std::vector<Cpu> cpus_;
};

}  // namespace brahe::cpu
