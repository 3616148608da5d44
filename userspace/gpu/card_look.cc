#include "userspace/gpu/card_look.h"

#include <algorithm>

namespace brahe::gpu {
namespace {

// More processes than this on a card, and more instances, are not looked at.
constexpr unsigned kMostProcesses = 16384;
constexpr unsigned kMostInstances = 64;
// A slice of a card, as a weight that many processes can share.
constexpr uint64_t kSliceWeight = 1'000'000;

// Cards, drivers and modes that lack something say so in one of two ways.
bool IsLacking(NvmlReturn code) { return code == kNvmlNotSupported || code == kNvmlFunctionNotFound; }

Status ReadEnergy(const NvmlLibrary& nvml, NvmlDevice device, CardLook& look) {
  unsigned long long millijoules = 0;
  NvmlReturn code = nvml.energy == nullptr ? kNvmlFunctionNotFound : nvml.energy(device, &millijoules);
  if (code == kNvmlSuccess) {
    look.counter = Microjoules{millijoules * 1000};
    return {};
  }
  if (!IsLacking(code)) return NvmlError(nvml, "nvmlDeviceGetTotalEnergyConsumption", code);
  unsigned milliwatts = 0;
  code = nvml.power(device, &milliwatts);
  if (code != kNvmlSuccess) return NvmlError(nvml, "nvmlDeviceGetPowerUsage", code);
  look.power = Microwatts{milliwatts * 1000ULL};
  return {};
}

// The list that `call(&count, buffer)` writes; empty where it fails.
template <typename Item>
std::vector<Item> ListOf(const auto& call) {
  std::vector<Item> items(64);
  for (int attempt = 0; attempt < 4; ++attempt) {
    auto count = static_cast<unsigned>(items.size());
    const NvmlReturn code = call(&count, items.data());
    if (code == kNvmlSuccess) {
      items.resize(std::min<size_t>(count, items.size()));
      return items;
    }
    if (code != kNvmlInsufficientSize) break;
    // Others may come between the two calls.
    const size_t size = std::max<size_t>(count + 16, items.size() * 2);
    if (size > kMostProcesses) break;
    items.resize(size);
  }
  return {};
}

std::vector<uint32_t> ProcessesOn(const NvmlLibrary& nvml, NvmlDevice device) {
  std::vector<uint32_t> pids;
  if (nvml.processes == nullptr) return pids;
  const auto call = [&](unsigned* count, NvmlProcess* items) { return nvml.processes(device, count, items); };
  for (const NvmlProcess& process : ListOf<NvmlProcess>(call)) pids.push_back(process.pid);
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

bool HasMig(const NvmlLibrary& nvml, NvmlDevice device) {
  unsigned current = 0, pending = 0;
  return nvml.mig_mode != nullptr && nvml.max_migs != nullptr && nvml.mig_handle != nullptr &&
         nvml.mig_mode(device, &current, &pending) == kNvmlSuccess && current == kNvmlMigEnabled;
}

uint64_t SlicesOf(const NvmlLibrary& nvml, NvmlDevice instance) {
  NvmlAttributes attributes = {};
  if (nvml.attributes == nullptr || nvml.attributes(instance, &attributes) != kNvmlSuccess) return 1;
  return std::max(attributes.gpu_slices, 1U);
}

// Instances come and go while the card runs, so they are looked for each time.
void LookAtInstances(const NvmlLibrary& nvml, NvmlDevice device, CardLook& look) {
  unsigned most = 0;
  if (nvml.max_migs(device, &most) != kNvmlSuccess) return;
  for (unsigned index = 0; index < std::min(most, kMostInstances); ++index) {
    NvmlDevice instance = nullptr;
    if (nvml.mig_handle(device, index, &instance) != kNvmlSuccess) continue;
    const std::vector<uint32_t> pids = ProcessesOn(nvml, instance);
    if (pids.empty()) continue;
    const uint64_t weight = SlicesOf(nvml, instance) * kSliceWeight / pids.size();
    for (const uint32_t pid : pids) look.open.push_back({pid, weight});
  }
}

void LookAtProcesses(const NvmlLibrary& nvml, NvmlDevice device, uint64_t& seen_us, CardLook& look) {
  for (const uint32_t pid : ProcessesOn(nvml, device)) look.open.push_back({pid, kSliceWeight});
  if (nvml.process_samples == nullptr) return;
  const auto call = [&](unsigned* count, NvmlProcessSample* items) {
    return nvml.process_samples(device, items, count, seen_us);
  };
  uint64_t newest = seen_us;
  for (const NvmlProcessSample& sample : ListOf<NvmlProcessSample>(call)) {
    if (sample.time_us <= seen_us) continue;
    newest = std::max<uint64_t>(newest, sample.time_us);
    // Percent; what is more is no measurement.
    if (sample.sm > 0 && sample.sm <= 100) look.measured.push_back({sample.pid, sample.sm});
  }
  seen_us = newest;
}

}  // namespace

Result<CardLook> LookAt(const NvmlLibrary& nvml, NvmlDevice device, uint64_t& seen_us) {
  CardLook look;
  if (const Status energy = ReadEnergy(nvml, device, look); !energy) return energy.error();
  NvmlUtilization utilization = {};
  look.working =
      nvml.utilization != nullptr && nvml.utilization(device, &utilization) == kNvmlSuccess && utilization.gpu > 0;
  // NVML does not tell what a process uses of an instance.
  if (HasMig(nvml, device)) {
    LookAtInstances(nvml, device, look);
  } else {
    LookAtProcesses(nvml, device, seen_us, look);
  }
  return look;
}

}  // namespace brahe::gpu
