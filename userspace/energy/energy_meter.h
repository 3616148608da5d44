#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "userspace/base/units.h"
#include "userspace/energy/meter_state.h"
#include "userspace/energy/zone.h"
#include "userspace/energy/zone_state.h"

namespace brahe::energy {

// The energy that each zone used in one epoch: one item a zone, in the order of EnergyMeter::zones().
// nullopt: the zone could not be read, so its energy is not known yet.
struct EnergyEpoch {
  std::vector<std::optional<Microjoules>> used;
  // How long after the epoch's end counters were read, an item for each that could be. Empty for meters without.
  std::vector<Nanoseconds> read_lags = {};
  // How long the machine was suspended in it, which its instants leave out.
  Nanoseconds suspended = {};
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

// Measures (or estimates) the energy of zones.
// Not thread-safe: the monitor's thread owns it.
class EnergyMeter {
 public:
  virtual ~EnergyMeter() = default;

  // Never changes; not empty.
  [[nodiscard]] virtual const std::vector<Zone>& zones() const = 0;
  // One a zone, in the order of zones(). The source and what goes with it may change from epoch to epoch.
  [[nodiscard]] virtual std::vector<ZoneState> States() const = 0;
  // Whether it opens events of perf while it runs, for which it must stay allowed to.
  [[nodiscard]] virtual bool OpensPerfEvents() const { return false; }

  // Reads all counters now. To be called once between an epoch's cut and its Collect; may be called before the cut as
  // well, so that no wrap is missed in a long epoch. The first call only notes where the counters stand.
  virtual void Sample() = 0;
  // The energy used from the end of the epoch that was collected last (or from the first Sample) to the end of this
  // one. Counters are read some time after the cut: what they counted in that time belongs to the next epoch.
  virtual EnergyEpoch Collect(const MeterEpoch& epoch) = 0;
  // Sample must be called at least this often; nullopt: whenever an epoch ends is enough.
  [[nodiscard]] virtual std::optional<Nanoseconds> MaxSampleInterval() const { return std::nullopt; }

  // After a Collect: all that a meter of another process needs to count on from the end of that epoch.
  [[nodiscard]] virtual MeterState State() const { return {}; }
  // Before the first Sample: goes on from what another process' meter knew in this boot. The first epoch that is
  // collected then begins where that one's last epoch ended, and has all energy since.
  //
  // Zones are found by their source, name, path and socket. One that is not in `state`, or whose counter begins with
  // the process, or of which `state` tells what cannot be, is not known in that first epoch and is counted from its
  // first Sample. Zones of `state` that are not there are left out, and said.
  virtual void Resume(const MeterState& /*state*/) {}
};

}  // namespace brahe::energy
