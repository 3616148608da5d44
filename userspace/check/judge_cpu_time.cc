#include <algorithm>
#include <cmath>

#include "userspace/check/judge.h"
#include "userspace/check/words.h"
#include "userspace/cpu/kernel_features.h"

namespace brahe::check {
namespace {

bool IsExact(const Observation& seen) { return seen.cpu_time_source == "bpf"; }

Nanoseconds Times(Nanoseconds time, double factor) {
  return {static_cast<uint64_t>(static_cast<double>(time.value) * factor)};
}

Nanoseconds Difference(const TimeSeen& time) {
  return time.charged > time.used ? time.charged - time.used : time.used - time.charged;
}

std::string Compared(const TimeSeen& time) {
  return "charged with " + InSeconds(time.charged) + " of CPU time, where the kernel counts " + InSeconds(time.used);
}

Verdict SourceVerdict(const Observation& seen) {
  if (IsExact(seen)) return {"time source", Outcome::kGood, "bpf: each nanosecond is counted in the kernel"};
  return {"time source", Outcome::kLimited,
          seen.cpu_time_source + ": what begins and ends between two looks is charged to nobody by name",
          "the log below says what keeps BPF from being used"};
}

// A process that did nothing but use CPU time.
Verdict ProbeVerdict(const Observation& seen) {
  if (!seen.probe) {
    return {"probe", Outcome::kLimited, "a process of our own that was to use CPU time got none in time",
            "check for longer, or when the machine has less to do"};
  }
  const bool exact = IsExact(seen);
  const Nanoseconds allowed = Times(seen.probe->used, exact ? 0.01 : 0.05) + (exact ? Milliseconds(2) : seen.tick * 3);
  const std::string finding = "a process of our own was " + Compared(*seen.probe);
  if (Difference(*seen.probe) <= allowed) return {"probe", Outcome::kGood, finding};
  return {"probe", Outcome::kFaulty, finding,
          "report it with this text; on a busy virtual machine try again first: time that was stolen may count twice"};
}

// Those that lived all the time, by /proc, which knows ticks.
Verdict ProcessesVerdict(const Observation& seen) {
  const TimeSeen* worst = nullptr;
  Nanoseconds excess;
  for (const TimeSeen& process : seen.processes) {
    const Nanoseconds larger = std::max(process.charged, process.used);
    const Nanoseconds allowed = Times(larger, 0.02) + seen.tick * 3 + seen.look_time;
    const Nanoseconds difference = Difference(process);
    if (difference <= allowed || difference - allowed <= excess) continue;
    excess = difference - allowed;
    worst = &process;
  }
  if (worst == nullptr) {
    return {"processes", Outcome::kGood,
            std::to_string(seen.processes.size()) +
                " that lived all the time are charged with what /proc/PID/stat says, to a few ticks"};
  }
  return {"processes", Outcome::kFaulty, worst->comm + " (" + std::to_string(worst->pid) + ") was " + Compared(*worst),
          "some kernels, of sandboxes above all, hide switches of a process from BPF programs: see docs/accounting.md, "
          "and report it with this text"};
}

Verdict BusyVerdict(const Observation& seen) {
  constexpr double kAllowed = 0.05;  // /proc/stat looks at ticks only
  if (!seen.kernel_busy_share) {
    return {"machine", Outcome::kLimited, "/proc/stat could not be read to compare with",
            "look whether host.procfs is the host's /proc"};
  }
  const std::string finding = "busy for " + InPercent(seen.busy_share) + " of " + InSeconds(seen.capacity) +
                              " of CPU time, by /proc/stat for " + InPercent(*seen.kernel_busy_share);
  if (std::abs(seen.busy_share - *seen.kernel_busy_share) <= kAllowed) return {"machine", Outcome::kGood, finding};
  return {"machine", Outcome::kFaulty, finding,
          "active and idle energy are divided by this: report it with this text, and the kernel's version"};
}

void JudgeFeatures(const Observation& seen, std::vector<Verdict>& verdicts) {
  if (!IsExact(seen)) return;
  size_t off = 0;
  for (const cpu::OptionalFeature& feature : cpu::kOptionalFeatures) {
    const auto& features = seen.kernel.features;
    const bool is_off = std::any_of(features.begin(), features.end(), [&](const cpu::KernelFeature& found) {
      return found.name == feature.name && !found.on;
    });
    if (!is_off) continue;
    ++off;
    verdicts.push_back({std::string("feature ") + feature.name, Outcome::kLimited, std::string("off: ") + feature.lost,
                        "the log below says why; docs/kernel-features.md tells what each takes"});
  }
  if (off > 0) return;
  verdicts.push_back({"features", Outcome::kGood, "all " + std::to_string(seen.kernel.features.size()) + " are on"});
}

// Time and news that the kernel side had no room for.
void JudgeLosses(const Observation& seen, std::vector<Verdict>& verdicts) {
  if (!IsExact(seen)) return;
  const cpu::CpuTimeSourceStats& kernel = seen.kernel;
  const size_t before = verdicts.size();
  if (kernel.lost.value > 0) {
    verdicts.push_back({"kernel side", Outcome::kFaulty, InSeconds(kernel.lost) + " of CPU time fit no table",
                        "there are more processes than records: raise cpu.maxProcesses"});
  }
  if (kernel.conservation_error.value > 0) {
    verdicts.push_back({"kernel side", Outcome::kFaulty,
                        InSeconds(kernel.conservation_error) +
                            " of CPU time were counted twice or not at all before they were booked as unassigned",
                        "where no CPU came or went, report it with this text"});
  }
  if (kernel.late_cuts > 0) {
    verdicts.push_back({"kernel side", Outcome::kLimited,
                        Count(kernel.late_cuts, "cut") + " came late: the machine stopped for more than a millisecond; "
                                                         "some time counts for the epoch before",
                        "give the machine's hypervisor less to do, if it is a virtual one"});
  }
  if (kernel.dropped_events > 0) {
    verdicts.push_back({"kernel side", Outcome::kLimited,
                        Count(kernel.dropped_events, "name or end") + " had no room; they come by /proc, later",
                        "it is only where thousands of processes come and go in a moment"});
  }
  if (kernel.map_entries > kernel.map_capacity / 4 * 3) {
    verdicts.push_back({"kernel side", Outcome::kLimited,
                        std::to_string(kernel.map_entries) + " of " + std::to_string(kernel.map_capacity) +
                            " records are in use; of what has none only the cgroup is known",
                        "raise cpu.maxProcesses"});
  }
  if (verdicts.size() > before) return;
  verdicts.push_back({"kernel side", Outcome::kGood,
                      "saw " + std::to_string(kernel.switches) + " switches and lost nothing; " +
                          std::to_string(kernel.map_entries) + " of " + std::to_string(kernel.map_capacity) +
                          " records are in use"});
}

}  // namespace

std::vector<Verdict> JudgeCpuTime(const Observation& seen) {
  std::vector<Verdict> verdicts = {SourceVerdict(seen), ProbeVerdict(seen), ProcessesVerdict(seen), BusyVerdict(seen)};
  JudgeLosses(seen, verdicts);
  JudgeFeatures(seen, verdicts);
  return verdicts;
}

}  // namespace brahe::check
