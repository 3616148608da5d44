#include "userspace/energy/model_meter.h"

namespace brahe::energy {
namespace {

constexpr Microwatts Milliwatts(uint64_t n) { return {n * 1'000}; }

}  // namespace

ModelCoefficients DefaultCoefficients(std::string_view cpu_vendor) {
  if (cpu_vendor == "GenuineIntel") return {.idle = Milliwatts(700), .max = Milliwatts(4000)};
  if (cpu_vendor == "AuthenticAMD") return {.idle = Milliwatts(500), .max = Milliwatts(2100)};
  return {.idle = Milliwatts(600), .max = Milliwatts(3000)};
}

Result<ModelCoefficients> ChooseCoefficients(const MeterOptions& options) {
  ModelCoefficients coefficients = DefaultCoefficients(options.cpu_vendor);
  if (options.model_idle_per_cpu.value != 0) coefficients.idle = options.model_idle_per_cpu;
  if (options.model_max_per_cpu.value != 0) coefficients.max = options.model_max_per_cpu;
  if (coefficients.max < coefficients.idle) {
    return MakeError("a busy CPU's " + std::to_string(coefficients.max.value) + " uW are less than an idle one's " +
                     std::to_string(coefficients.idle.value) +
                     " uW; set both model.idleWattsPerCpu and model.maxWattsPerCpu");
  }
  return coefficients;
}

EnergyEpoch ModelMeter::Collect(const MeterEpoch& epoch) {
  constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;
  const Microwatts more = coefficients_.max - coefficients_.idle;
  const Uint128 energy = static_cast<Uint128>(coefficients_.idle.value) * epoch.load.capacity.value +
                         static_cast<Uint128>(more.value) * epoch.load.busy.value + remainder_;
  remainder_ = static_cast<uint64_t>(energy % kNanosecondsPerSecond);
  return {{Microjoules{static_cast<uint64_t>(energy / kNanosecondsPerSecond)}}};
}

}  // namespace brahe::energy
