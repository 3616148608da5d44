#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace brahe::cpu {

// How long one CPU has been idle, in clock ticks.
struct CpuIdle {
  uint32_t cpu = 0;
  uint64_t idle_ticks = 0;
  uint64_t iowait_ticks = 0;
};

// Replaces `cpus` by what the cpuN lines of PROCFS/stat tell; lines that are malformed are left out. None without a
// whole line after them, as some may be missing then.
void ParseCpuIdle(std::string_view text, std::vector<CpuIdle>& cpus);

// The time since boot in clock ticks, rounded down, from PROCFS/uptime.
std::optional<uint64_t> ParseUptime(std::string_view text, uint64_t ticks_per_second);

}  // namespace brahe::cpu
