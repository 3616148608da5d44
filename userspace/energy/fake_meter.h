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

  [[nodiscard]] const std::vector<Zone>& zones() const override { return zones_; }
  [[nodiscard]] std::vector<ZoneState> States() const override { return {zones_.size(), ZoneState{.source = "fake"}}; }
  void Sample() override;
  EnergyEpoch Collect(const MeterEpoch& epoch) override;
  // When it began, and up to when energy was given out, as the begin and the end of what is pending.
  [[nodiscard]] MeterState State() const override;
  void Resume(const MeterState& state) override;

 private:
  const Clock& clock_;
  const std::vector<Zone> zones_;
  std::optional<Nanoseconds> start_;  // the first sample
  Nanoseconds collected_;             // since the start: up to here the energy was given out
};

}  // namespace brahe::energy
