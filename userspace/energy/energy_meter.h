#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/units.h"

namespace brahe {

// One place whose energy is counted.
struct Zone {
  std::string name;                // "package", "core", "uncore", "dram", "psys", or what the sensor calls itself
  std::string path;                // where it was found, e.g. "/sys/class/powercap/intel-rapl:0"; stable
  std::optional<uint32_t> socket;  // physical package that it measures; nullopt: the whole machine
};

// The energy that each zone used in one epoch: one item a zone, in the order of EnergyMeter::zones().
// nullopt: the zone could not be read, so its energy is not known yet.
struct EnergyEpoch {
  std::vector<std::optional<Microjoules>> used;
};

// CPU time of the whole machine within the epoch, for meters that estimate. idle = capacity - busy.
struct CpuLoad {
  Nanoseconds capacity;  // sum over online CPUs
  Nanoseconds busy;
};

// Cumulative since the start; one a zone.
struct ZoneStats {
  uint64_t read_errors = 0;  // reads that failed or gave no number
  uint64_t resets = 0;       // steps too large to be true: counter set back, not charged
};

// Measures (or estimates) the energy of zones.
// Not thread-safe: the monitor's thread owns it.
class EnergyMeter {
 public:
  virtual ~EnergyMeter() = default;

  // "rapl", "perf", "model" or "fake": the value of the source label, and its name in cpu.preferredMeters.
  [[nodiscard]] virtual std::string name() const = 0;
  // False for estimates and made-up energy.
  [[nodiscard]] virtual bool measured() const = 0;
  // Never changes; not empty.
  [[nodiscard]] virtual const std::vector<Zone>& zones() const = 0;
  [[nodiscard]] virtual std::vector<ZoneStats> Stats() const = 0;

  // Reads all counters now and adds each step since the last call to what Collect will return. May be called more often
  // than Collect (so that no wrap is missed in a long epoch). The first call only notes where the counters stand.
  virtual void Sample() = 0;
  // The energy used between the samples at the two last Collects (or since the first Sample), and a new start.
  virtual EnergyEpoch Collect(const CpuLoad& load) = 0;
  // Sample must be called at least this often; nullopt: whenever an epoch ends is enough.
  [[nodiscard]] virtual std::optional<Nanoseconds> MaxSampleInterval() const { return std::nullopt; }
};

}  // namespace brahe
