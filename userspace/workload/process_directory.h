#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "userspace/base/process_key.h"
#include "userspace/workload/workload.h"

namespace brahe::workload {

// Bytes of the longest ProcessFacts::exe: of a longer path, which may have 4096, the end is kept, after "...".
inline constexpr size_t kLongestExe = 256;

// What PROCFS tells of single processes. Keeps nothing. Not thread-safe.
class ProcessDirectory {
 public:
  explicit ProcessDirectory(std::string procfs_root);

  // The names of `process`. What the CPU time source learnt of it (`comm_hint`, `exec_path_hint`; empty if nothing) is
  // the answer where PROCFS has none. `alive`: it has not been told that the process ended. Even then PROCFS/PID is
  // believed only if its start time is the key's, so that no process gets the name of another that has its pid now.
  // Never fails: what is not known is empty, and the facts are not complete where it should be there. Kernel threads
  // have no exe. The virtual machine and the user are PROCFS' word alone.
  [[nodiscard]] ProcessFacts Read(const ProcessKey& process, const std::string& comm_hint,
                                  const std::string& exec_path_hint, bool alive) const;

 private:
  [[nodiscard]] std::string FolderOf(uint32_t pid) const;
  [[nodiscard]] std::optional<VirtualMachine> VmServedBy(const std::string& comm, uint64_t start_ticks) const;

  std::string procfs_root_;
  uint64_t ticks_per_second_;
};

}  // namespace brahe::workload
