#pragma once

#include <dirent.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/base/process_stat.h"
#include "userspace/base/result.h"
#include "userspace/cpu/procfs_parsers.h"

namespace brahe::cpu {

// One process in the listing of PROCFS.
struct ProcessReading {
  uint32_t pid = 0;
  bool readable = false;  // false: vanished since the listing, or its stat made no sense; then `stat` is unspecified
  ProcessStat stat;
};

// What one look at PROCFS found. Processes that are born while it lasts may be in it or not.
struct ProcfsScan {
  uint64_t uptime_ticks = 0;  // when it began, on CLOCK_BOOTTIME, rounded down
  std::vector<CpuIdle> cpus;  // those that are online
  std::vector<ProcessReading> processes;
};

// Looks at PROCFS. Not thread-safe.
class ProcfsScanner {
 public:
  static Result<ProcfsScanner> Open(const std::string& procfs_root, uint64_t ticks_per_second);

  // Replaces `scan`, whose memory is used again; after an Error it is unspecified.
  Status Scan(ProcfsScan& scan);
  [[nodiscard]] const std::string& root() const { return root_; }
  // What PROCFS/PID/stat says, unspecified unless it can be read.
  bool ReadStat(uint32_t pid, ProcessStat& stat);
  // The text of PROCFS/PID/NAME, valid until the next call; empty if it cannot be read.
  std::string_view ReadOf(uint32_t pid, const char* name);
  // The owner of PROCFS/PID, which is the process' effective user; nullopt if it is gone.
  std::optional<uint32_t> OwnerOf(uint32_t pid) const;

 private:
  struct CloseFolder {
    void operator()(DIR* folder) const { closedir(folder); }
  };
  ProcfsScanner(std::string root, DIR* folder, uint64_t ticks_per_second);
  Status ScanCpus(ProcfsScan& scan) const;
  Status ScanProcesses(ProcfsScan& scan);

  std::string root_;
  std::unique_ptr<DIR, CloseFolder> folder_;
  uint64_t ticks_per_second_;
  std::vector<char> buffer_;
};

}  // namespace brahe::cpu
