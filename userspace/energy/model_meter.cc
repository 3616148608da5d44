#include "userspace/energy/model_meter.h"

#include <glog/logging.h>

#include <algorithm>
#include <string_view>

#include "userspace/base/values.h"
#include "userspace/energy/memory_size.h"
#include "userspace/energy/model_size.h"

namespace brahe::energy {
namespace {

constexpr uint64_t kThousandthsOfNanosecondsPerSecond = 1'000'000'000'000;
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

// Of all memory, which draws about the same whatever it does.
Result<Microwatts> DramPower(const MeterOptions& options) {
  if (options.model_dram_per_gib.value == 0) return Microwatts{};
  const auto kib = ReadMemoryKib(options.procfs_root);
  if (!kib) return MakeError(kib.error().message + ", and model.dramWattsPerGib is to be multiplied by its size");
  constexpr uint64_t kKibPerGib = uint64_t{1} << 20U;
  return Microwatts{ScaleDown(options.model_dram_per_gib.value, *kib, kKibPerGib)};
}

// What the machine is taken for.
struct Likeness {
  ModelGeneration generation;
  std::optional<MachineSize> size;
};

Likeness LikenessOf(const MeterOptions& options) {
  const Processor processor = ReadProcessor(options.procfs_root, options.sysfs_root);
  return {FindGeneration(processor), ReadMachineSize(processor, options.procfs_root, options.sysfs_root)};
}

// Of the CPUs that the zone is of.
CpuLoad LoadOf(const Zone& zone, const MeterEpoch& epoch) {
  if (!zone.socket) return epoch.load;
  for (const SocketLoad& socket : epoch.sockets) {
    if (socket.socket == *zone.socket) return socket.load;
  }
  return {};
}

}  // namespace

Result<ModelCoefficients> ChooseCoefficients(const MeterOptions& options, const ModelGeneration& generation,
                                             const std::optional<MachineSize>& size) {
  const ModelFigures* const figures = generation.figures;
  const bool own_idle = options.model_idle_per_cpu.value != 0, own_max = options.model_max_per_cpu.value != 0;
  ModelCoefficients chosen{.idle = kUnknownIdle, .max = kUnknownMax, .shape = UsualLoadShape()};
  if (figures != nullptr) {
    chosen = {figures->idle, figures->max, figures->shape, figures->error_ppm};
    if (size && figures->usual) {
      const IdleAndMax sized = WattsOfSize(*figures, *size);
      chosen = {sized.idle, sized.max, figures->shape, figures->sized_error_ppm};
    }
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

void LogModel(const MeterOptions& options) {
  const auto [generation, size] = LikenessOf(options);
  const auto coefficients = ChooseCoefficients(options, generation, size);
  if (!coefficients) return;
  const ModelCoefficients& chosen = *coefficients;
  const std::string what = WattsText(chosen.idle) + " idle and " + WattsText(chosen.max) + " busy for each CPU";
  if (generation.figures == nullptr) {
    LOG(INFO) << "Energy model: no figures for " << generation.found_by << "; " << what
              << ", by an unknown error. model.idleWattsPerCpu and model.maxWattsPerCpu say what yours draws";
    return;
  }
  const std::string by_size = size && generation.figures->usual ? " and its size (" + Describe(*size) + ")" : "";
  LOG(INFO) << "Energy model: " << generation.figures->key << ", " << what << ", found by " << generation.found_by
            << by_size << "; 19 of 20 estimates are off by less than "
            << PercentText(chosen.uncertainty_ppm.value_or(0)) << " of themselves";
}

ModelMeter::ModelMeter(const ModelCoefficients& coefficients, const std::vector<std::optional<uint32_t>>& sockets,
                       Microwatts dram)
    : coefficients_(coefficients), dram_(dram) {
  for (const std::optional<uint32_t>& socket : sockets) {
    zones_.push_back({.name = "package", .path = "model", .socket = socket});
    states_.push_back({.source = "model", .uncertainty_ppm = coefficients.uncertainty_ppm});
  }
  if (dram.value != 0) {
    zones_.push_back({.name = "dram", .path = "model", .socket = {}});
    states_.push_back({.source = "model"});
  }
  remainders_.resize(zones_.size());
}

Result<std::unique_ptr<EnergyMeter>> ModelMeter::Open(const MeterOptions& options,
                                                      const std::vector<std::optional<uint32_t>>& sockets) {
  const auto [generation, size] = LikenessOf(options);
  const auto coefficients = ChooseCoefficients(options, generation, size);
  if (!coefficients) return coefficients.error();
  const auto dram = DramPower(options);
  if (!dram) return dram.error();
  return std::unique_ptr<EnergyMeter>(std::make_unique<ModelMeter>(*coefficients, sockets, *dram));
}

MeterState ModelMeter::State() const {
  MeterState state;
  for (size_t z = 0; z < zones_.size(); ++z) {
    MeterZoneState& zone = state.zones.emplace_back();
    zone.source = "model";
    zone.zone = zones_[z];
    zone.remainder = remainders_[z];
  }
  return state;
}

void ModelMeter::Resume(const MeterState& state) {
  const std::vector<const MeterZoneState*> found = FindZones("model", zones_, state);
  for (size_t z = 0; z < zones_.size(); ++z) {
    if (found[z] != nullptr) remainders_[z] = found[z]->remainder % kThousandthsOfNanosecondsPerSecond;
  }
}

EnergyEpoch ModelMeter::Collect(const MeterEpoch& epoch) {
  EnergyEpoch result;
  for (size_t z = 0; z < zones_.size(); ++z) {
    Uint128 energy = remainders_[z];
    if (zones_[z].name == "dram") {
      energy += static_cast<Uint128>(dram_.value) * (epoch.end - epoch.begin).value * 1'000;
    } else {
      energy += PackageEnergy(LoadOf(zones_[z], epoch));
    }
    remainders_[z] = static_cast<uint64_t>(energy % kThousandthsOfNanosecondsPerSecond);
    result.used.emplace_back(Microjoules{static_cast<uint64_t>(energy / kThousandthsOfNanosecondsPerSecond)});
  }
  return result;
}

Uint128 ModelMeter::PackageEnergy(const CpuLoad& load) const {
  const Microwatts more = coefficients_.max - coefficients_.idle;
  return static_cast<Uint128>(coefficients_.idle.value) * load.capacity.value * 1'000 +
         more.value * PartOf(coefficients_.shape, load);
}

}  // namespace brahe::energy
