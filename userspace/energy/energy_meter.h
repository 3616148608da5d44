#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/units.h"

namespace brahe::energy {

// One place whose energy is counted.
struct Zone {
  std::string name;  // "package", "core", "uncore", "dram", "psys", "platform" or what the sensor calls itself
  std::string path;  // where it was found, e.g. "/sys/class/powercap/intel-rapl:0"; stable
  std::optional<uint32_t> socket;  // physical package that it measures; nullopt: the whole machine
  // By which part of itself, in millionths, its energy may be off: 19 of 20 estimates are nearer. nullopt: not known.
  std::optional<uint64_t> uncertainty_ppm = {};
};

// The energy that each zone used in one epoch: one item a zone, in the order of EnergyMeter::zones().
// nullopt: the zone could not be read, so its energy is not known yet.
struct EnergyEpoch {
  std::vector<std::optional<Microjoules>> used;
  // How long after the epoch's end counters were read, an item for each that could be. Empty for meters without.
  std::vector<Nanoseconds> read_lags = {};
};

// CPU time within an epoch. idle = capacity - busy.
struct CpuLoad {
  Nanoseconds capacity;  // sum over online CPUs
  Nanoseconds busy;
};

struct SocketLoad {
  uint32_t socket = 0;
  CpuLoad load;
};

// What a meter is told of an epoch.
struct MeterEpoch {
  Nanoseconds begin = {}, end = {};      // its cuts, on CLOCK_MONOTONIC
  CpuLoad load = {};                     // of the whole machine
  std::vector<SocketLoad> sockets = {};  // of each socket that has CPUs
};

// One a zone. Counts are cumulative since the start.
struct ZoneStats {
  uint64_t read_errors = 0;  // reads that failed or gave no number
  uint64_t resets = 0;       // steps too large to be true: counter set back, not charged
  bool still = false;        // its counter has not moved for many epochs in which its CPUs were busy
};

// Measures (or estimates) the energy of zones.
// Not thread-safe: the monitor's thread owns it.
class EnergyMeter {
 public:
  virtual ~EnergyMeter() = default;

  // "rapl", "perf", "hwmon", "model" or "fake": the value of the source label, and its name in cpu.preferredMeters.
  [[nodiscard]] virtual std::string name() const = 0;
  // False for estimates and made-up energy, and as long as no counter that can be read moves (ZoneStats::still).
  [[nodiscard]] virtual bool measured() const = 0;
  // Never changes; not empty.
  [[nodiscard]] virtual const std::vector<Zone>& zones() const = 0;
  [[nodiscard]] virtual std::vector<ZoneStats> Stats() const = 0;

  // Reads all counters now. To be called once between an epoch's cut and its Collect; may be called before the cut as
  // well, so that no wrap is missed in a long epoch. The first call only notes where the counters stand.
  virtual void Sample() = 0;
  // The energy used from the end of the epoch that was collected last (or from the first Sample) to the end of this
  // one. Counters are read some time after the cut: what they counted in that time belongs to the next epoch.
  virtual EnergyEpoch Collect(const MeterEpoch& epoch) = 0;
  // Sample must be called at least this often; nullopt: whenever an epoch ends is enough.
  [[nodiscard]] virtual std::optional<Nanoseconds> MaxSampleInterval() const { return std::nullopt; }
};

}  // namespace brahe::energy
