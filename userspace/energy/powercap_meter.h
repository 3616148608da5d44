#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/fault_log.h"
#include "userspace/base/result.h"
#include "userspace/energy/counter.h"
#include "userspace/energy/counter_file.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/energy/meter_options.h"
#include "userspace/energy/powercap_zones.h"

namespace brahe {

// "rapl": reads the energy counters of RAPL zones in SYSFS/class/powercap.
//
// Each counter's file is opened once and kept. A read that fails in any way is counted, said once, and closes the file;
// each later Sample looks for the zone again, by its name, wherever it is now. When it is back, all energy since its
// last good reading belongs to that epoch, and one line says so. Until then Collect gives nullopt for it, and so it
// does for a zone that was never readable before this epoch's last sample: of its energy nothing is known yet.
// A reset is counted, and the time it hid is charged 0; the epoch's other steps stay.
class PowercapMeter final : public EnergyMeter {
 public:
  // Finds the zones and opens their files, so that privileges may be dropped afterwards. An Error that says what to do
  // where there is no powercap, no zone of RAPL, none of the names in options.zones (in either case,
  // "package-0" stands for "package"), or none that can be read.
  static Result<std::unique_ptr<EnergyMeter>> Open(const MeterOptions& options, const Clock& clock);

  [[nodiscard]] std::string name() const override { return "rapl"; }
  [[nodiscard]] bool measured() const override { return true; }
  [[nodiscard]] const std::vector<Zone>& zones() const override { return zones_; }
  [[nodiscard]] std::vector<ZoneStats> Stats() const override;
  void Sample() override;
  EnergyEpoch Collect(const CpuLoad& load) override;
  // Half the time in which the smallest counter would go around at plausible power, but at least 1 s. Changes if a
  // zone comes back with another range.
  [[nodiscard]] std::optional<Nanoseconds> MaxSampleInterval() const override;

 private:
  struct Counter {
    std::string id;  // PowercapZone::id
    CounterFile file;
    Microjoules max_range;               // 0: not known
    std::optional<CounterReading> last;  // the last good reading
    Microjoules pending;                 // for the next Collect that knows the zone
    bool known = false;                  // the last Sample told what the zone used
    bool failing = false;
    ZoneStats stats;
  };

  PowercapMeter(const MeterOptions& options, const Clock& clock, const std::vector<PowercapZone>& zones);

  Status OpenAll();
  Status OpenFolder(size_t index, const std::string& folder);
  Status FindAgain(size_t index, const Result<PowercapScan>& scan);
  void Accept(size_t index, const CounterReading& reading);
  void CountReset(size_t index, const CounterReading& last, const CounterReading& now);
  void SayReturn(size_t index, const std::optional<CounterReading>& last, const std::optional<Microjoules>& step);
  void Fail(size_t index, const Error& error);
  [[nodiscard]] std::string Describe(size_t index) const;

  const std::string sysfs_root_;
  const Microwatts plausible_power_;
  const Clock& clock_;
  std::vector<Zone> zones_;
  std::vector<Counter> counters_;  // by zone
  bool sampled_ = false;
  FaultLog faults_;
};

}  // namespace brahe
