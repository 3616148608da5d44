#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "userspace/base/units.h"
#include "userspace/cpu/cpu_time_source.h"

namespace brahe {

// Closes an epoch's books for each socket: capacity - idle = tasks + unassigned, whatever was counted. Not thread-safe.
class SocketBooks {
 public:
  // `socket_of_cpu` has an entry for each possible CPU. Which ones are online is read from `sysfs_root`.
  SocketBooks(std::vector<uint32_t> socket_of_cpu, std::string sysfs_root);

  // At each cut, before times are added: which CPUs are online, so that their wall time counts.
  void NoteOnlineCpus();
  // Time of the epoch that the kernel side has closed.
  void AddIdle(size_t cpu, uint64_t ns) { cpus_[cpu].idle_ns += ns; }
  void AddLost(size_t cpu, uint64_t ns) { cpus_[cpu].lost_ns += ns; }
  // An idle slice that was open at the cut. A CPU that is offline has one that never ends.
  void AddOpenIdle(size_t cpu, uint64_t ns) {
    if (cpus_[cpu].counted) cpus_[cpu].idle_ns += ns;
  }

  // Adds each socket's capacity and idle time to an epoch that has its bounds, tasks and unassigned time, and what was
  // lost to the latter. Returns by how much the times that were counted differ from the capacity, where that is known
  // to the nanosecond (`exact`); the difference becomes unassigned time, or capacity.
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

}  // namespace brahe
