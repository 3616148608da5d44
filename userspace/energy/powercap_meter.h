#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/fault_log.h"
#include "userspace/base/result.h"
#include "userspace/energy/counter_file.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/energy/meter_options.h"
#include "userspace/energy/powercap_zones.h"
#include "userspace/energy/zone_accounts.h"

namespace brahe::energy {

// Where a PowercapMeter finds its zones if not in sysfs.
struct PowercapPlace {
  std::string folder;  // laid out as SYSFS/class/powercap
  std::string source;  // "guest": what such energy is labelled with
  ZoneAccounts::Updates updates = ZoneAccounts::Updates::kUnknown;
};

// "rapl": reads the energy counters of RAPL zones in SYSFS/class/powercap.
//
// Each counter's file is opened once and kept. A read that fails in any way (see zone_accounts.h) closes the file; each
// later Sample looks for the zone again, by its name, wherever it is now. Its counter has gone on in between.
class PowercapMeter final : public EnergyMeter {
 public:
  // Finds the zones and opens their files, so that privileges may be dropped afterwards. An Error that says what to do
  // where there is no powercap, no zone of RAPL, none of the names in options.zones (in either case,
  // "package-0" stands for "package"), or none that can be read.
  static Result<std::unique_ptr<EnergyMeter>> Open(const MeterOptions& options, const Clock& clock);
  // The same at another place, where files may be replaced at any time, so that each Sample opens them anew, and where
  // zones are those of the whole machine.
  static Result<std::unique_ptr<EnergyMeter>> OpenAt(const PowercapPlace& place, const MeterOptions& options,
                                                     const Clock& clock);

  [[nodiscard]] const std::vector<Zone>& zones() const override { return accounts_.zones(); }
  [[nodiscard]] std::vector<ZoneState> States() const override { return accounts_.States(); }
  void Sample() override;
  EnergyEpoch Collect(const MeterEpoch& epoch) override { return accounts_.Collect(epoch); }
  // SafeSampleInterval of the smallest counter. Changes if a zone comes back with another range.
  [[nodiscard]] std::optional<Nanoseconds> MaxSampleInterval() const override;
  [[nodiscard]] MeterState State() const override { return accounts_.State(); }
  void Resume(const MeterState& state) override { accounts_.Resume(state, clock_); }

 private:
  struct Counter {
    std::string id;  // PowercapZone::id
    CounterFile file;
    CounterFacts facts;
  };

  PowercapMeter(PowercapPlace place, const MeterOptions& options, const Clock& clock,
                const std::vector<PowercapZone>& zones);

  static Result<std::unique_ptr<EnergyMeter>> OpenZones(const PowercapPlace& place, const MeterOptions& options,
                                                        PowercapScan scan, const Clock& clock);

  Status OpenAll();
  Status OpenFolder(size_t index, const std::string& folder);
  void LearnRange(size_t index, const std::string& folder);
  Status FindAgain(size_t index, const Result<PowercapScan>& scan);

  const PowercapPlace place_;
  bool files_stay_ = true;  // those that are open go on showing the counters
  const Microwatts plausible_power_;
  const Clock& clock_;
  ZoneAccounts accounts_;
  std::vector<Counter> counters_;  // by zone
  FaultLog faults_;                // of ranges
};

}  // namespace brahe::energy
