#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/process_key.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/cpu/source_state.h"

namespace brahe::cpu {

// CPU time that one process used in one cgroup on one socket within one epoch.
struct TaskTime {
  ProcessKey process;
  uint64_t cgroup_id = 0;  // inode of the cgroup's folder, in the hierarchy that the source accounts by; 0 is unknown
  uint32_t socket = 0;     // physical package
  Nanoseconds time;        // never 0
};

// CPU time that was used but cannot be given to a process: the kernel's table was full, or a /proc scan came too late.
struct UnassignedTime {
  uint64_t cgroup_id = 0;  // 0 where not even the cgroup is known
  uint32_t socket = 0;
  Nanoseconds time;  // never 0
};

// What a socket's CPUs could do within the epoch. capacity - idle = all TaskTime + all UnassignedTime of the socket.
struct SocketTime {
  uint32_t socket = 0;
  Nanoseconds capacity;  // sum over its online CPUs
  Nanoseconds idle;
};

// What the source itself learnt of who a process is: at its first CPU time, at exec and at its end; of its user also in
// the first epoch in which it has run as another one. Later items win.
struct ProcessName {
  ProcessKey process;
  std::string comm;                  // at most 15 bytes, any bytes; empty: not known, or told before
  std::string exec_path;             // the path given to exec, or empty if unknown: may be relative or a script's
  std::optional<uint32_t> uid = {};  // its real user id in the host's user namespace; nullopt: unknown
};

// The path of a cgroup, where the source met it on the way. Relative to the hierarchy's root, starts with '/'.
struct CgroupPath {
  uint64_t cgroup_id = 0;
  std::string path;
};

// All that happened to CPU time between two cuts. Within it each (process, cgroup, socket) and each
// (cgroup, socket) of `unassigned` stands at most once, in no particular order.
struct CpuTimeEpoch {
  Nanoseconds begin;  // the cuts, on CLOCK_MONOTONIC
  Nanoseconds end;
  std::vector<TaskTime> tasks;
  std::vector<UnassignedTime> unassigned;
  std::vector<SocketTime> sockets;
  std::vector<ProcessName> names;
  std::vector<CgroupPath> cgroups;
  std::vector<ProcessKey>
      ended;  // gone for good; may have used time in this very epoch, and may never have been listed
};

// What the kernel has counted of one of the source's programs since it was loaded.
struct KernelProgramStats {
  std::string name;
  // These two grow only while the sysctl kernel.bpf_stats_enabled is 1.
  uint64_t runs = 0;
  Nanoseconds run_time;
  std::optional<uint64_t> recursion_misses;  // runs left out because the program was running already; from Linux 5.12
};

// Something that the kernel may refuse without costing the source.
struct KernelFeature {
  std::string name;
  bool on = true;
};

// Figures about the source itself, cumulative since its start, for its users to judge it by. What a source does not
// have stays 0.
struct CpuTimeSourceStats {
  uint64_t map_entries = 0;  // entries in the kernel's process table at the last cut
  uint64_t map_capacity = 0;
  uint64_t overflow_entries = 0;  // the same of the per-cgroup overflow table
  uint64_t overflow_capacity = 0;
  uint64_t switches = 0;         // context switches seen
  uint64_t repaired_events = 0;  // switches that were missed and reconstructed
  uint64_t dropped_events = 0;   // ring buffer full: names or ends that came by another way, later
  Nanoseconds lost;              // time that fit no table: in UnassignedTime with cgroup 0
  // Sum over epochs and sockets of |capacity - idle - tasks - unassigned| as counted, before the difference was booked
  // as unassigned or as capacity. 0 unless CPUs come and go.
  Nanoseconds conservation_error;
  // Cuts that were announced after their instant, because the machine stopped for longer than the lead. Some time then
  // counts for the epoch before the cut instead of the one after it; such epochs are not in conservation_error.
  uint64_t late_cuts = 0;
  std::vector<KernelFeature> features;
  std::vector<KernelProgramStats> programs;  // without those that the kernel does not tell of
};

// Counts CPU time. One epoch is three calls by the same thread:
//   1. Cut() ends the epoch and returns its end T. It may sleep for a few ms, until T. Energy counters are to be read
//      right after it, so that both speak of the same instant.
//   2. Collect() returns what happened from the previous cut to this one. An Error means that this epoch could not be
//      read; nothing is lost, the next Collect reports both epochs as one.
//   3. Acknowledge() says that somebody keeps what Collect has returned, so that it need not be told again. Not after a
//      Collect that failed. Until then the kernel side has it all still, whatever becomes of this process.
// The first Cut of a source has begin = the instant at which it began to count.
// Not thread-safe: the monitor's thread owns it.
class CpuTimeSource {
 public:
  virtual ~CpuTimeSource() = default;

  // "bpf" or "procfs".
  [[nodiscard]] virtual std::string name() const = 0;
  virtual Result<Nanoseconds> Cut() = 0;
  virtual Result<CpuTimeEpoch> Collect() = 0;
  virtual void Acknowledge() {}
  // With what a successor of this process goes on, once what Collect has returned is kept beside it: to be asked after
  // Collect and before Acknowledge. nullopt: there is nothing to go on from.
  [[nodiscard]] virtual std::optional<SourceState> State() const { return std::nullopt; }
  // Whether this one went on from another process' State. The first epoch then begins where the kept one ended, and if
  // that process had cut another one, ends there: the first Cut returns an instant that has long passed.
  [[nodiscard]] virtual bool resumed() const { return false; }
  // A system call for each of its programs.
  [[nodiscard]] virtual CpuTimeSourceStats Stats() const = 0;

  // Readable (poll) when the source wants Service to be called between epochs; -1 if never.
  [[nodiscard]] virtual int WakeFd() const { return -1; }
  // Empties the kernel's event buffer. True if an epoch should be cut early because a table fills up.
  virtual bool Service() { return false; }
};

}  // namespace brahe::cpu
