#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/energy/counter.h"
#include "userspace/energy/counter_sum.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/energy/meter_options.h"
#include "userspace/energy/perf_counter.h"
#include "userspace/energy/power_pmu.h"
#include "userspace/energy/zone_accounts.h"

namespace brahe::energy {

// "perf": reads RAPL through perf's power PMU, for machines whose powercap is not there or out of sight.
//
// Each counter is opened once and kept. When its CPU goes offline, the kernel moves it to another of the same die. A
// read that fails in any way (see zone_accounts.h), or a counter that has stopped, because its die went offline, closes
// it; each later Sample opens it anew on the CPU that its die has then. A new counter starts at 0 and knows nothing of
// the time before, so unlike powercap's the energy of the gap is not charged. `core` of AMD's processors is the sum of
// a socket's cores, each of which has a counter.
class PerfMeter final : public EnergyMeter {
 public:
  // Finds the events and opens them, so that privileges may be dropped afterwards. An Error that says what to do where
  // there is no PMU or no event (see power_pmu.h), none of the names in options.zones (as for PowercapMeter), none that
  // can be opened and read, or none that Counts.
  static Result<std::unique_ptr<EnergyMeter>> Open(const MeterOptions& options, const Clock& clock);
  // With the counters of `opener` in place of the kernel's, whether they count or not.
  static Result<std::unique_ptr<EnergyMeter>> OpenWith(const MeterOptions& options, const Clock& clock,
                                                       PerfOpener opener);

  [[nodiscard]] const std::vector<Zone>& zones() const override { return accounts_.zones(); }
  [[nodiscard]] std::vector<ZoneState> States() const override { return accounts_.States(); }
  [[nodiscard]] bool OpensPerfEvents() const override { return true; }
  // Whether any counter has counted since it was opened. Waits for that up to 100 ms: RAPL's do each millisecond, also
  // on an idle machine, and those that a virtual machine or firmware has for show never do.
  [[nodiscard]] bool Counts() const;
  void Sample() override;
  EnergyEpoch Collect(const MeterEpoch& epoch) override { return accounts_.Collect(epoch); }
  [[nodiscard]] MeterState State() const override { return accounts_.State(); }
  // Counters end with the process that opened them: of the time until the first Sample nothing is known, which is said.
  void Resume(const MeterState& state) override;

 private:
  // Which counter a zone has; stays the same when its CPU changes.
  struct Place {
    std::string zone;
    uint32_t socket = 0;
    uint32_t die = 0;
    uint32_t core = 0;  // of the PMU of cores
    bool is_of_cores = false;
  };
  struct Pmus {
    PowerPmu power;
    PowerPmu cores;  // without events where there is none, or `power` has the zone
  };
  struct Counter {
    Place place;
    UniqueFd fd;
    std::string name;  // for errors: event and CPU
    EnergyScale scale;
    Nanoseconds enabled;     // PerfCount::enabled when it was last seen to grow
    Nanoseconds enabled_at;  // when that was
  };
  struct PlacedZone {
    Zone zone;
    std::vector<Place> places;  // more than one: it is their sum
  };

  PerfMeter(const MeterOptions& options, const Clock& clock, PerfOpener opener, const std::vector<PlacedZone>& zones);

  static Result<Pmus> Scan(const std::string& sysfs_root);
  static Status KeepWanted(const std::vector<std::string>& wanted, Pmus& pmus);
  static std::vector<PlacedZone> PlaceZones(const PowerPmu& pmu);
  static std::vector<PlacedZone> PlaceCores(const PowerPmu& pmu);
  static std::vector<Zone> ZonesOf(const std::vector<PlacedZone>& placed);
  Status OpenAll(const Pmus& pmus);
  Status OpenCounter(Counter& counter, const Pmus& pmus);
  void SampleOne(size_t index, const Result<Pmus>& pmus);
  void SampleSum(size_t index, const Result<Pmus>& pmus);
  Result<CounterReading> Read(Counter& counter);
  Result<CounterReading> ReadOpenCounter(Counter& counter);

  const std::string sysfs_root_;
  const Microwatts plausible_power_;
  const Clock& clock_;
  const PerfOpener opener_;
  ZoneAccounts accounts_;
  std::vector<std::vector<Counter>> counters_;  // by zone
  std::vector<CounterSum> sums_;                // by zone; used by those of several counters
};

}  // namespace brahe::energy
