#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/energy/counter_file.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/energy/hwmon_sensors.h"
#include "userspace/energy/meter_options.h"
#include "userspace/energy/power_integral.h"
#include "userspace/energy/zone_accounts.h"

namespace brahe::energy {

// "hwmon": reads the sensors of boards and firmware in SYSFS/class/hwmon; hwmon_sensors.h says which.
//
// Counters of energy are read as RAPL's are, but that nobody knows where they wrap: one that fell was reset. A power is
// made into energy by its readings, of which one is wanted each second. A negative one, or more than
// options.plausible_power, as the 4294967295 mW of an ACPI meter that does not know, is a read that failed; and so is
// one of a battery that does not discharge, which does not tell what the machine draws.
//
// Each file is opened once and kept. A read that fails in any way (see zone_accounts.h) closes it; each later Sample
// looks for the sensor again, by its path, under any number of hwmonN. A counter has gone on in between, and catches
// up. Of a power that was away for longer than PowerIntegral::kLongestGap nothing is known for that time.
class HwmonMeter final : public EnergyMeter {
 public:
  // Finds the sensors and opens their files, so that privileges may be dropped afterwards. An Error that says what to
  // do where FindHwmonSensors has none, or none can be read now.
  static Result<std::unique_ptr<EnergyMeter>> Open(const MeterOptions& options, const Clock& clock);

  [[nodiscard]] const std::vector<Zone>& zones() const override { return accounts_.zones(); }
  [[nodiscard]] std::vector<ZoneState> States() const override { return accounts_.States(); }
  void Sample() override;
  EnergyEpoch Collect(const MeterEpoch& epoch) override { return accounts_.Collect(epoch); }
  [[nodiscard]] std::optional<Nanoseconds> MaxSampleInterval() const override;
  [[nodiscard]] MeterState State() const override;
  // A power that was last read longer ago than PowerIntegral::kLongestGap begins anew, as after any such gap, and is
  // not known in the first epoch, which is said.
  void Resume(const MeterState& state) override;

 private:
  struct Gauge {
    HwmonSensor sensor;
    CounterFile file;
    CounterFile current;     // of a pair
    PowerIntegral integral;  // of a power
  };

  HwmonMeter(const MeterOptions& options, const Clock& clock, const std::vector<HwmonSensor>& sensors);

  Status OpenAll();
  static Status OpenGauge(Gauge& gauge);
  Status FindAgain(Gauge& gauge, const Result<std::vector<HwmonSensor>>& found) const;
  Status SampleGauge(size_t index);
  Result<Microwatts> ReadPower(Gauge& gauge) const;

  const std::string sysfs_root_;
  const HwmonOptions options_;
  const Microwatts plausible_power_;
  const Clock& clock_;
  ZoneAccounts accounts_;
  std::vector<Gauge> gauges_;  // by zone
};

}  // namespace brahe::energy
