#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brahe {

// What PROCFS/PID/stat tells of a process, in clock ticks.
struct ProcessStat {
  std::string comm;  // any bytes; the part of it that task->comm has, at most 15
  char state = '?';
  uint32_t parent = 0;       // 0 for one whose parent is not in the procfs' PID namespace
  uint32_t flags = 0;        // task->flags, the kernel's PF_*
  uint64_t cpu_ticks = 0;    // user and system time of all its threads, those that ended included
  uint64_t start_ticks = 0;  // on CLOCK_BOOTTIME
  uint32_t cpu = 0;          // where its leader ran last
};

// How long one CPU has been idle, in clock ticks.
struct CpuIdle {
  uint32_t cpu = 0;
  uint64_t idle_ticks = 0;
  uint64_t iowait_ticks = 0;
};

// Parses PROCFS/PID/stat into `stat`, whose memory is used again. False, with `stat` unspecified, if `text` is not one.
bool ParseProcessStat(std::string_view text, ProcessStat& stat);

// Replaces `cpus` by what the cpuN lines of PROCFS/stat tell; lines that are malformed are left out.
void ParseCpuIdle(std::string_view text, std::vector<CpuIdle>& cpus);

// The time since boot in clock ticks, rounded down, from PROCFS/uptime.
std::optional<uint64_t> ParseUptime(std::string_view text, uint64_t ticks_per_second);

}  // namespace brahe
