#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/units.h"
#include "userspace/cpu/cpu_time_source.h"

namespace brahe::check {

// One zone of one socket (or of the whole machine).
struct ZoneSeen {
  std::string name;                // "package", "core", ...
  std::string path;                // where it was found
  std::optional<uint32_t> socket;  // nullopt: the whole machine
  Microjoules energy;              // in all that time
  uint64_t epochs_moved = 0;       // epochs in which it counted anything
  uint64_t epochs_known = 0;       // epochs of which its energy is known
  uint64_t read_errors = 0;
  uint64_t resets = 0;
};

// CPU time that somebody was charged with, beside what the kernel's own books say.
struct TimeSeen {
  uint32_t pid = 0;
  std::string comm;
  Nanoseconds charged;
  Nanoseconds used;
};

// What was seen while epochs of a second each were counted. All figures are of that time alone.
struct Observation {
  Nanoseconds time;
  uint64_t epochs = 0;

  std::string energy_source;  // as Snapshot has these three
  bool energy_measured = false;
  std::string cpu_time_source;
  std::optional<uint64_t> uncertainty_ppm;  // of the primary zone, as ZoneSeries has it
  std::vector<ZoneSeen> zones;
  double busy_share = 0;                    // of all online CPUs, from 0 to 1, as it was counted
  std::optional<double> kernel_busy_share;  // the same by /proc/stat; nullopt: it could not be read
  Nanoseconds capacity;                     // of all online CPUs
  // A process of our own that did nothing but use CPU time; `used` is what the kernel told its parent. nullopt: it had
  // not come to its end.
  std::optional<TimeSeen> probe;
  // Processes that lived all the time; `used` is of /proc/PID/stat, which is exact to a tick at both ends.
  std::vector<TimeSeen> processes;
  Nanoseconds tick;
  Nanoseconds look_time;  // how long both looks at /proc took

  std::vector<std::string> imbalances;  // sums that differ, each as a sentence
  cpu::CpuTimeSourceStats kernel;       // since the source's start

  bool shows_all_processes = true;
  std::string hides_processes;      // why, with the remedy
  std::string cgroup_hierarchy;     // mount point; empty: none was found
  std::vector<std::string> lacks;   // capabilities of docs/security.md that it has not, by name
  Nanoseconds own_cpu_time;         // without that of its child
  uint64_t own_resident_bytes = 0;  // at the end
};

}  // namespace brahe::check
