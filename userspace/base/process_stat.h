#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace brahe {

// What PROCFS/PID/stat (proc(5)) tells of a process.
struct ProcessStat {
  std::string comm;  // any bytes; the part of it that task->comm has, at most 15
  char state = '?';
  uint32_t parent = 0;  // 0 for one whose parent is not in the procfs' PID namespace
  uint32_t flags = 0;   // task->flags, the kernel's PF_*
  // Of all its threads, those that ended included, in clock ticks.
  uint64_t user_ticks = 0;
  uint64_t system_ticks = 0;
  uint64_t start_ticks = 0;  // on CLOCK_BOOTTIME, in clock ticks
  uint64_t virtual_bytes = 0;
  uint64_t resident_pages = 0;
  uint32_t cpu = 0;  // where its leader ran last

  [[nodiscard]] uint64_t cpu_ticks() const { return user_ticks + system_ticks; }
  // No process can give itself this flag, PF_KTHREAD.
  [[nodiscard]] bool is_kernel_thread() const { return (flags & 0x00200000) != 0; }
};

// Parses PROCFS/PID/stat into `stat`, whose memory is used again. False, with `stat` unspecified, if `text` is not one.
bool ParseProcessStat(std::string_view text, ProcessStat& stat);

// The real user id that `text`, a PROCFS/PID/status, tells; nullopt if it tells none. As the user namespace of who
// opened the file has it.
std::optional<uint32_t> ParseRealUid(std::string_view text);

}  // namespace brahe
