#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/energy/meter_options.h"

namespace brahe::energy {

// Power of one logical CPU that does nothing, and of one that is always busy; its share of the whole package in both.
struct ModelCoefficients {
  Microwatts idle;
  Microwatts max;  // not below idle
};

// Estimates, for servers, by vendor_id of /proc/cpuinfo:
//   GenuineIntel   0.7 W idle, 4.0 W busy
//   AuthenticAMD   0.5 W idle, 2.1 W busy
//   anything else  0.6 W idle, 3.0 W busy (ARM has no vendor_id)
// They are of the size that carbon calculators for clouds use for a virtual CPU, a hardware thread: derived from
// published server benchmarks at idle and at full load, divided by the threads, and averaged over some generations. A
// given machine may well be off by a factor of two; `model.idleWattsPerCpu` and `model.maxWattsPerCpu` are for those
// who have measured theirs.
ModelCoefficients DefaultCoefficients(std::string_view cpu_vendor);

// The coefficients in `options`, with defaults for those that are 0. An Error if max is below idle.
Result<ModelCoefficients> ChooseCoefficients(const MeterOptions& options);

// "model": estimates energy from CPU time, for machines without a sensor. One zone, "package", for the whole machine:
//   energy = idle * capacity + (max - idle) * busy
// to the microjoule over time: what is cut off in one epoch is carried to the next.
class ModelMeter final : public EnergyMeter {
 public:
  explicit ModelMeter(const ModelCoefficients& coefficients) : coefficients_(coefficients) {}

  [[nodiscard]] std::string name() const override { return "model"; }
  [[nodiscard]] bool measured() const override { return false; }
  [[nodiscard]] const std::vector<Zone>& zones() const override { return zones_; }
  [[nodiscard]] std::vector<ZoneStats> Stats() const override { return {ZoneStats{}}; }
  void Sample() override {}
  EnergyEpoch Collect(const MeterEpoch& epoch) override;

 private:
  const ModelCoefficients coefficients_;
  const std::vector<Zone> zones_ = {{.name = "package", .path = "model", .socket = {}}};
  uint64_t remainder_ = 0;  // in 1e-9 uJ, below 1 uJ
};

}  // namespace brahe::energy
