#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/energy/energy_meter.h"
#include "userspace/energy/machine_size.h"
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

// The coefficients for a machine of `generation` and, where that is known, of `size`, where `options` does not name its
// own. Where they name both idle and max, only the shape is the generation's, and so is only its error. A machine of
// which nothing is known is taken for one of 0.6 W idle and 3 W busy, about what a thread of a server draws, by an
// unknown error. An Error if max is below idle.
Result<ModelCoefficients> ChooseCoefficients(const MeterOptions& options, const ModelGeneration& generation,
                                             const std::optional<MachineSize>& size = std::nullopt);

// Logs what the machine that `options` has the roots of is taken for.
void LogModel(const MeterOptions& options);

// "model": estimates energy from CPU time, for machines without a sensor. A zone "package" for the whole machine, or
// one for each of its sockets. Its power in an epoch is that of the epoch's mean load there, busy / capacity, on a line
// from point to point of the shape. Where options.model_dram_per_gib is set, there is a zone "dram" of the whole
// machine as well, of a power that never changes.
//
// It is exact to the microjoule over time: what is cut off in one epoch is carried to the next.
class ModelMeter final : public EnergyMeter {
 public:
  // `sockets`: of a zone "package" each; nullopt: of the whole machine. `dram`: 0: no such zone.
  ModelMeter(const ModelCoefficients& coefficients, const std::vector<std::optional<uint32_t>>& sockets,
             Microwatts dram);

  // For the machine that `options` has the roots of. An Error if the coefficients are wrong, or if the size of memory
  // cannot be read and is needed.
  static Result<std::unique_ptr<EnergyMeter>> Open(const MeterOptions& options,
                                                   const std::vector<std::optional<uint32_t>>& sockets);

  [[nodiscard]] const std::vector<Zone>& zones() const override { return zones_; }
  [[nodiscard]] std::vector<ZoneState> States() const override { return states_; }
  void Sample() override {}
  EnergyEpoch Collect(const MeterEpoch& epoch) override;
  // What is less than a microjoule. An epoch's load tells all else, however long it was.
  [[nodiscard]] MeterState State() const override;
  void Resume(const MeterState& state) override;

 private:
  // In 1e-18 J: thousandths of microwatts by nanoseconds.
  [[nodiscard]] Uint128 PackageEnergy(const CpuLoad& load) const;

  const ModelCoefficients coefficients_;
  const Microwatts dram_;
  std::vector<Zone> zones_;
  std::vector<ZoneState> states_;
  std::vector<uint64_t> remainders_;  // by zone, in 1e-18 J, below 1 uJ
};

}  // namespace brahe::energy
