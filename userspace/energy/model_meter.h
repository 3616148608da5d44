#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/energy/meter_options.h"
#include "userspace/energy/model_generation.h"

namespace brahe::energy {

// What a machine is taken to draw for each logical CPU: when all do nothing, when all are always busy, and between.
struct ModelCoefficients {
  Microwatts idle;
  Microwatts max;  // not below idle
  LoadShape shape;
  std::optional<uint64_t> uncertainty_ppm = {};  // as Zone's
};

// The coefficients for a machine of `generation`, where `options` does not name its own. Where they name both idle and
// max, only the shape is the generation's, and so is only its error. A machine of which nothing is known is taken for
// one of 0.6 W idle and 3 W busy, about what a thread of a server draws, by an unknown error. An Error if max is below
// idle.
Result<ModelCoefficients> ChooseCoefficients(const MeterOptions& options, const ModelGeneration& generation);

// "model": estimates energy from CPU time, for machines without a sensor. One zone, "package", for the whole machine.
// Its power in an epoch is that of the epoch's mean load, busy / capacity, on a line from point to point of the shape.
// It is exact to the microjoule over time: what is cut off in one epoch is carried to the next.
class ModelMeter final : public EnergyMeter {
 public:
  explicit ModelMeter(const ModelCoefficients& coefficients);

  // For the machine that `options` has the roots of; logs what it takes it for.
  static Result<std::unique_ptr<EnergyMeter>> Open(const MeterOptions& options);

  [[nodiscard]] std::string name() const override { return "model"; }
  [[nodiscard]] bool measured() const override { return false; }
  [[nodiscard]] const std::vector<Zone>& zones() const override { return zones_; }
  [[nodiscard]] std::vector<ZoneStats> Stats() const override { return {ZoneStats{}}; }
  void Sample() override {}
  EnergyEpoch Collect(const MeterEpoch& epoch) override;

 private:
  const ModelCoefficients coefficients_;
  const std::vector<Zone> zones_;
  uint64_t remainder_ = 0;  // in 1e-12 uJ, below 1 uJ
};

}  // namespace brahe::energy
