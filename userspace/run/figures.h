#pragma once

#include <optional>
#include <string>
#include <vector>

#include "userspace/base/units.h"
#include "userspace/run/command_cgroup.h"

namespace brahe::run {

// The energy of one zone, summed over all sockets, in one run.
struct ZoneRun {
  std::string zone;
  Microjoules energy;                // the command's
  std::optional<Microjoules> error;  // that this may be off by, either way; nullopt: it is an estimate anyway
  Microwatts mean;                   // the command's, while it ran
  Microwatts peak;                   // the most in a tenth of a second; of a shorter run the mean
  Microjoules node;                  // the whole node's, in the same time
  Microjoules node_idle;             // of that what its CPUs used while they were idle
  bool known = true;                 // false: the counter could not be read in all of the run
};

// One run of a command.
struct RunFigures {
  int exit_status = 0;   // as shells say it
  Nanoseconds elapsed;   // from the start of its program to the end of the last process of it
  Nanoseconds cpu_time;  // of all its processes
  Nanoseconds measured;  // between the two cuts around it: `node` energies are of this time
  std::vector<ZoneRun> zones;
  std::vector<LeftProcess> left_running;  // counted until the end of the measurement, and gone on
};

// All runs of one command.
struct Series {
  std::vector<std::string> command;
  std::vector<RunFigures> runs;
};

// What all figures were made by.
struct Origin {
  std::string version;
  std::string energy_source;    // "rapl", ...
  bool measured = false;        // false: energy is estimated
  std::string cpu_time_source;  // "bpf" or "procfs"
};

// One command, or two that were run in turns.
struct Report {
  Origin origin;
  std::vector<Series> series;
};

// Something that each run has a value of.
struct Measure {
  std::string name;            // "package", or "elapsed", "CPU time"
  std::string unit;            // "J" or "s"
  std::vector<double> values;  // by run
};

// Those of a series with runs: the zones in which all are known, then times.
std::vector<Measure> MeasuresOf(const Series& series);

}  // namespace brahe::run
