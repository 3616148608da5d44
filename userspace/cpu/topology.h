#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/cpu/cpu_info.h"

namespace brahe::cpu {

// Which CPU sits in which socket. A value; made from a folder so that tests can give their own.
struct CpuTopology {
  // Physical package of each possible CPU, by CPU number. A CPU that was offline when this was read (its topology/
  // folder is then gone) has the package of its nearest online neighbour below it, else 0.
  std::vector<uint32_t> socket_of_cpu;

  [[nodiscard]] uint32_t SocketOf(uint32_t cpu) const { return cpu < socket_of_cpu.size() ? socket_of_cpu[cpu] : 0; }
};

// Reads SYSFS/devices/system/cpu/{possible,online,cpuN/topology/physical_package_id}. A missing
// physical_package_id (some virtual machines, some ARM boards: -1) is socket 0.
Result<CpuTopology> ReadCpuTopology(const std::string& sysfs_root);

// CPUs that are online now: SYSFS/devices/system/cpu/online.
Result<std::vector<uint32_t>> ReadOnlineCpus(const std::string& sysfs_root);

// Reads PROCFS/cpuinfo; the ids of package and core, which arm64 does not tell there, from
// SYSFS/devices/system/cpu/cpuN/topology.
Result<std::vector<CpuInfo>> ReadCpuInfo(const std::string& procfs_root, const std::string& sysfs_root);

}  // namespace brahe::cpu
