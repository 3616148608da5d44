#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bpf/cpu_time_records.h"
#include "userspace/base/fault_log.h"
#include "userspace/base/process_key.h"
#include "userspace/base/result.h"
#include "userspace/cpu/cpu_time_source.h"
#include "userspace/cpu/procfs_view.h"
#include "userspace/cpu/source_state.h"

namespace brahe::cpu {

// What the BPF source learns of the names, births and ends of processes and cgroups, held until the epoch that it
// belongs to is collected. All instants are the kernel's, on CLOCK_MONOTONIC.
//
// Ends come by three ways, and are reported once by whichever is the first:
//   - the kernel tells that it has released the process;
//   - a younger process with its pid is seen;
//   - it has no folder in PROCFS, or a younger process has that, where PROCFS is proven to show everybody.
// One that came after the cut is reported in the next epoch, as the process may have used time until then.
//
// What waits for the next epoch is counted in bytes. Past Options::full_bytes an epoch is asked for (IsFull). Where
// that cannot be had, names and cgroups are dropped from four times as much on, for they can be learnt in another way
// later; ends never are, at 24 bytes each. Not thread-safe.
class ProcessLives {
 public:
  struct Options {
    std::string procfs_root = "/proc";
    // Success if in `procfs_root` no process is missing. Asked at the start, before each look, and again before what
    // was not found there is believed to be gone.
    std::function<Status(const std::string& procfs_root)> shows_all_processes = CheckShowsAllProcesses;
    size_t full_bytes = 1 << 20;
    // False: PROCFS alone tells of ends, so each look asks for all that have just become quiet.
    bool kernel_tells_ends = true;
  };
  // Calls `visit` for each process that has records of which none has changed lately, with the number of reads since.
  using VisitQuiet = std::function<void(const ProcessKey&, uint64_t quiet_reads)>;
  using ForEachQuiet = std::function<void(const VisitQuiet& visit)>;

  // Logs a WARNING if ends cannot be looked for in PROCFS.
  explicit ProcessLives(Options options);

  // Goes on from where another process was, whose State this is; of `ended` the end has been reported. What that one
  // learnt since is lost, but for the ends: those are looked for in PROCFS in the first epochs. Before all others.
  void Resume(const LivesState& state, const std::vector<ProcessKey>& ended);
  // After Report and before TakeGoneCgroups.
  [[nodiscard]] LivesState State() const;

  // At exec and at the end. The later one of a process takes the place of the earlier one.
  void OnProcess(const process_event& event);
  // A cgroup was made, or (any other kind) removed.
  void OnCgroup(const cgroup_event& event);
  // What a record of the process tells: its name when the record was made (empty: not known), and its user id (NO_UID:
  // not known). What an event has told is newer.
  void OnRecord(const ProcessKey& process, std::string_view comm, uint32_t uid);
  // Before `cut` a younger process has run that has the pid of this one, which has thus ended.
  void OnReuse(const ProcessKey& older, uint64_t cut);

  // True when so much waits that an epoch should be made.
  [[nodiscard]] bool IsFull() const { return bytes() >= options_.full_bytes; }
  // What waits for the next epoch, about as much as it takes of the heap.
  [[nodiscard]] size_t bytes() const;
  // Names and cgroups that there was no room for, since the start.
  [[nodiscard]] uint64_t dropped() const { return dropped_; }

  // Adds names, cgroups and ends to the epoch that `cut` ended. To be called once an epoch.
  void Report(uint64_t cut, CpuTimeEpoch& epoch);
  // The ids of cgroups that were removed before the last reported cut, each once. Those who are on their way out may
  // use some time in it still: its records may be reclaimed once they are quiet.
  [[nodiscard]] std::vector<uint64_t> TakeGoneCgroups();
  // Now and then looks for quiet processes in PROCFS, and for all of them while `dropped_events`, the kernel's count,
  // has grown lately. Those that are gone are in the next report, as they may have run after the last cut. To be called
  // after each Report.
  void FindMissedEnds(uint64_t dropped_events, const ForEachQuiet& for_each_quiet);

  // True from the report of the end until some epochs after Forget: records that are still there, or come late, may be
  // reclaimed.
  [[nodiscard]] bool HasEnded(const ProcessKey& process) const { return ended_.contains(process); }
  // The process, reported as ended, has no records or none any more. To be called for every one that was reported.
  void Forget(const ProcessKey& process);

 private:
  struct Name {
    uint64_t time_ns = 0;  // of the last event; 0: what a record tells
    char comm[COMM_LENGTH] = {};
    uint32_t uid = NO_UID;
    std::string exec_path;
  };
  struct End {
    uint64_t time_ns = 0;
    ProcessKey process;
  };
  struct GoneCgroup {
    uint64_t time_ns = 0;
    uint64_t cgroup_id = 0;
  };
  struct Ended {
    uint64_t epoch = 0;  // of the report
    bool forgotten = false;
  };

  Name* NameOf(const ProcessKey& process);
  [[nodiscard]] bool HasRoom() const;
  void ReportNames(uint64_t cut, CpuTimeEpoch& epoch);
  void ReportEnds(uint64_t cut, CpuTimeEpoch& epoch);
  void ReportGoneCgroups(uint64_t cut);
  void DropForgotten();
  bool ShowsAll();
  [[nodiscard]] bool IsGone(const ProcessKey& process, bool compare_starts) const;
  [[nodiscard]] bool CanCompareStarts() const;

  const Options options_;
  const uint64_t ns_per_tick_;
  FaultLog faults_;

  std::unordered_map<ProcessKey, Name> names_;
  std::vector<CgroupPath> cgroups_;
  std::vector<End> ends_;  // may name a process more than once
  std::vector<GoneCgroup> removed_cgroups_;
  size_t text_bytes_ = 0;  // of what the strings in names_ and cgroups_ have allocated
  uint64_t dropped_ = 0;

  uint64_t epoch_ = 0;  // the next to report
  std::vector<uint64_t> gone_cgroups_;
  std::unordered_map<ProcessKey, Ended> ended_;  // reported
  uint64_t dropped_events_seen_ = 0;
  uint64_t check_all_until_ = 0;  // epoch
  uint64_t quiet_ = 0;            // that the last look has passed
};

}  // namespace brahe::cpu
