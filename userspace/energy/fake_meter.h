#pragma once

#include <optional>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/energy/energy_meter.h"

namespace brahe::energy {

// "fake": made-up energy for development, at a steady 40 W (package), 25 W (core) and 5 W (dram) of the whole machine,
// whatever it does. Exact over time: nothing is lost to rounding.
class FakeMeter final : public EnergyMeter {
 public:
  // `clock` must outlive the meter.
  explicit FakeMeter(const Clock& clock);

  [[nodiscard]] std::string name() const override { return "fake"; }
  [[nodiscard]] bool measured() const override { return false; }
  [[nodiscard]] const std::vector<Zone>& zones() const override { return zones_; }
  [[nodiscard]] std::vector<ZoneStats> Stats() const override { return std::vector<ZoneStats>(zones_.size()); }
  void Sample() override;
  EnergyEpoch Collect(const MeterEpoch& epoch) override;

 private:
  const Clock& clock_;
  const std::vector<Zone> zones_;
  std::optional<Nanoseconds> start_;  // the first sample
  Nanoseconds collected_;             // since the start: up to here the energy was given out
};

}  // namespace brahe::energy
