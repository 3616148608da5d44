#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/energy/counter.h"
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
// the time before, so unlike powercap's the energy of the gap is not charged.
class PerfMeter final : public EnergyMeter {
 public:
  // Finds the events and opens them, so that privileges may be dropped afterwards. An Error that says what to do where
  // there is no PMU or no event (see power_pmu.h), none of the names in options.zones (as for PowercapMeter), none that
  // can be opened and read, or none that Counts.
  static Result<std::unique_ptr<EnergyMeter>> Open(const MeterOptions& options, const Clock& clock);
  // With the counters of `opener` in place of the kernel's, whether they count or not.
  static Result<std::unique_ptr<EnergyMeter>> OpenWith(const MeterOptions& options, const Clock& clock,
                                                       PerfOpener opener);

  [[nodiscard]] std::string name() const override { return "perf"; }
  [[nodiscard]] bool measured() const override { return accounts_.Measures(); }
  [[nodiscard]] const std::vector<Zone>& zones() const override { return accounts_.zones(); }
  [[nodiscard]] std::vector<ZoneStats> Stats() const override { return accounts_.Stats(); }
  // Whether any counter has counted since it was opened. Waits for that up to 100 ms: RAPL's do each millisecond, also
  // on an idle machine, and those that a virtual machine or firmware has for show never do.
  [[nodiscard]] bool Counts() const;
  void Sample() override;
  EnergyEpoch Collect(const MeterEpoch& epoch) override { return accounts_.Collect(epoch); }

 private:
  // Which counter a zone has; stays the same when its CPU changes.
  struct Place {
    std::string zone;
    uint32_t socket = 0;
    uint32_t die = 0;
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
    Place place;
  };

  PerfMeter(const MeterOptions& options, const Clock& clock, PerfOpener opener, const std::vector<PlacedZone>& zones);

  static std::vector<PlacedZone> PlaceZones(const PowerPmu& pmu);
  static std::vector<Zone> ZonesOf(const std::vector<PlacedZone>& placed);
  Status OpenAll(const PowerPmu& pmu);
  Status OpenCounter(Counter& counter, const PowerPmu& pmu);
  Result<CounterReading> Read(Counter& counter);
  Result<CounterReading> ReadOpenCounter(Counter& counter);

  const std::string sysfs_root_;
  const Clock& clock_;
  const PerfOpener opener_;
  ZoneAccounts accounts_;
  std::vector<Counter> counters_;  // by zone
};

}  // namespace brahe::energy
