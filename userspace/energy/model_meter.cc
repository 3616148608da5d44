#include "userspace/energy/model_meter.h"

#include <glog/logging.h>

#include <algorithm>

#include "userspace/base/values.h"

namespace brahe::energy {
namespace {

constexpr Microwatts kUnknownIdle{600'000};
constexpr Microwatts kUnknownMax{3'000'000};

// "12.3 %".
std::string PercentText(uint64_t ppm) {
  return std::to_string(ppm / 10'000) + "." + std::to_string(ppm / 1'000 % 10) + " %";
}

// "0.512 W", cut to milliwatts.
std::string WattsText(Microwatts power) { return FormatMillionths(power.value / 1'000 * 1'000) + " W"; }

// thousandths * capacity that `load` is between idle and max by `shape`.
Uint128 PartOf(const LoadShape& shape, const CpuLoad& load) {
  if (load.busy >= load.capacity) return static_cast<Uint128>(shape.back()) * load.capacity.value;
  const Uint128 steps = static_cast<Uint128>(load.busy.value) * (shape.size() - 1);
  const auto step = static_cast<size_t>(steps / load.capacity.value);
  const Uint128 beyond = steps % load.capacity.value;
  return static_cast<Uint128>(shape[step]) * load.capacity.value + (shape[step + 1] - shape[step]) * beyond;
}

void LogChoice(const ModelGeneration& generation, const ModelCoefficients& chosen) {
  const std::string what = WattsText(chosen.idle) + " idle and " + WattsText(chosen.max) + " busy for each CPU";
  if (generation.figures == nullptr) {
    LOG(INFO) << "Energy model: no figures for " << generation.found_by << "; " << what
              << ", by an unknown error. model.idleWattsPerCpu and model.maxWattsPerCpu say what yours draws";
    return;
  }
  LOG(INFO) << "Energy model: " << generation.figures->key << ", " << what << ", found by " << generation.found_by
            << "; 19 of 20 estimates are off by less than " << PercentText(chosen.uncertainty_ppm.value_or(0))
            << " of themselves";
}

}  // namespace

Result<ModelCoefficients> ChooseCoefficients(const MeterOptions& options, const ModelGeneration& generation) {
  const ModelFigures* const figures = generation.figures;
  const bool own_idle = options.model_idle_per_cpu.value != 0, own_max = options.model_max_per_cpu.value != 0;
  ModelCoefficients chosen{.idle = kUnknownIdle, .max = kUnknownMax, .shape = UsualLoadShape()};
  if (figures != nullptr) {
    chosen = {figures->idle, figures->max, figures->shape, figures->error_ppm};
    if (own_idle && own_max) chosen.uncertainty_ppm = figures->shape_error_ppm;
  }
  if (own_idle) chosen.idle = options.model_idle_per_cpu;
  if (own_max) chosen.max = options.model_max_per_cpu;
  if (chosen.max < chosen.idle) {
    return MakeError("a busy CPU's " + std::to_string(chosen.max.value) + " uW are less than an idle one's " +
                     std::to_string(chosen.idle.value) +
                     " uW; set both model.idleWattsPerCpu and model.maxWattsPerCpu");
  }
  return chosen;
}

ModelMeter::ModelMeter(const ModelCoefficients& coefficients)
    : coefficients_(coefficients),
      zones_{{.name = "package", .path = "model", .socket = {}, .uncertainty_ppm = coefficients.uncertainty_ppm}} {}

Result<std::unique_ptr<EnergyMeter>> ModelMeter::Open(const MeterOptions& options) {
  const ModelGeneration generation = FindGeneration(ReadProcessor(options.procfs_root, options.sysfs_root));
  const auto coefficients = ChooseCoefficients(options, generation);
  if (!coefficients) return coefficients.error();
  LogChoice(generation, *coefficients);
  return std::unique_ptr<EnergyMeter>(std::make_unique<ModelMeter>(*coefficients));
}

EnergyEpoch ModelMeter::Collect(const MeterEpoch& epoch) {
  constexpr uint64_t kThousandthsOfNanosecondsPerSecond = 1'000'000'000'000;
  const Microwatts more = coefficients_.max - coefficients_.idle;
  const Uint128 energy = static_cast<Uint128>(coefficients_.idle.value) * epoch.load.capacity.value * 1'000 +
                         more.value * PartOf(coefficients_.shape, epoch.load) + remainder_;
  remainder_ = static_cast<uint64_t>(energy % kThousandthsOfNanosecondsPerSecond);
  return {{Microjoules{static_cast<uint64_t>(energy / kThousandthsOfNanosecondsPerSecond)}}};
}

}  // namespace brahe::energy
