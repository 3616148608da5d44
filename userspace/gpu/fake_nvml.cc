// A libnvidia-ml.so.1 for tests: its cards are what the file says that FAKE_NVML_STATE names, read anew in each call.
//
//   init CODE                                what nvmlInit_v2 returns
//   card N UUID NAME [energy=MJ] [power=MW] [util=PERCENT] [lost] [mig] [block] [slow]
//   open N PID                               a process that has card N open
//   sample N PID MICROSECONDS PERCENT        of the multiprocessors
//   instance N SLICES PID...                 of a card with MIG
//
// A call for a card that has `block` returns when the file does not say so any more; one with `slow` takes 20 ms.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "userspace/gpu/nvml_library.h"

namespace {

using brahe::gpu::NvmlAttributes;
using brahe::gpu::NvmlDevice;
using brahe::gpu::NvmlProcess;
using brahe::gpu::NvmlProcessSample;
using brahe::gpu::NvmlReturn;
using brahe::gpu::NvmlUtilization;

struct Instance {
  unsigned slices = 0;
  std::vector<unsigned> pids;
};

struct FakeCard {
  std::string uuid, name;
  std::map<std::string, std::string> words;
  std::vector<unsigned> open;
  std::vector<NvmlProcessSample> samples;
  std::vector<Instance> instances;

  [[nodiscard]] bool Has(const std::string& word) const { return words.contains(word); }
  [[nodiscard]] unsigned long long Number(const std::string& word) const { return std::stoull(words.at(word)); }
};

struct State {
  int init = 0;
  std::map<unsigned, FakeCard> cards;
};

// The file is renamed into its place, so it is whole.
State Read() {
  State state;
  const char* const path = std::getenv("FAKE_NVML_STATE");
  std::ifstream file(path == nullptr ? "" : path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string kind, word;
    unsigned number = 0;
    words >> kind >> number;
    FakeCard& card = state.cards[number];
    if (kind == "init") {
      state.cards.erase(number);
      state.init = static_cast<int>(number);
    } else if (kind == "card") {
      words >> card.uuid >> card.name;
      while (words >> word) card.words[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
    } else if (kind == "open") {
      words >> number;
      card.open.push_back(number);
    } else if (kind == "sample") {
      NvmlProcessSample sample = {};
      words >> sample.pid >> sample.time_us >> sample.sm;
      card.samples.push_back(sample);
    } else if (kind == "instance") {
      Instance instance;
      words >> instance.slices;
      while (words >> number) instance.pids.push_back(number);
      card.instances.push_back(instance);
    }
  }
  return state;
}

// Handles: 1 + card, and for an instance 1000 * (1 + its place) + 1 + card.
uintptr_t NumberOf(NvmlDevice device) { return reinterpret_cast<uintptr_t>(device); }
NvmlDevice DeviceOf(uintptr_t number) { return reinterpret_cast<NvmlDevice>(number); }

// Runs `call` on the card and, where the handle is one's, the instance.
template <typename Call>
NvmlReturn On(NvmlDevice device, const Call& call) {
  const auto index = static_cast<unsigned>(NumberOf(device) % 1000 - 1);
  for (;; usleep(1000)) {
    const State state = Read();
    const auto found = state.cards.find(index);
    if (found == state.cards.end() || found->second.Has("lost")) return brahe::gpu::kNvmlGpuIsLost;
    const FakeCard& card = found->second;
    if (card.Has("block")) continue;
    if (card.Has("slow")) usleep(20'000);
    const size_t place = NumberOf(device) / 1000;
    if (place > card.instances.size()) return brahe::gpu::kNvmlNotFound;
    return call(card, place == 0 ? nullptr : &card.instances[place - 1]);
  }
}

NvmlReturn Copy(const std::string& text, char* out, unsigned size) {
  if (text.size() >= size) return brahe::gpu::kNvmlInsufficientSize;
  std::memcpy(out, text.c_str(), text.size() + 1);
  return 0;
}

// What lists do: a size that is too small is told what would do.
template <typename Item>
NvmlReturn CopyList(const std::vector<Item>& items, unsigned* count, Item* out) {
  const unsigned place = *count;
  *count = static_cast<unsigned>(items.size());
  if (items.size() > place || (out == nullptr && !items.empty())) return brahe::gpu::kNvmlInsufficientSize;
  for (size_t i = 0; i < items.size(); ++i) out[i] = items[i];
  return 0;
}

}  // namespace

extern "C" {

NvmlReturn nvmlShutdown() { return 0; }

const char* nvmlErrorString(NvmlReturn code) { return code == brahe::gpu::kNvmlGpuIsLost ? "GPU is lost" : "an error"; }

NvmlReturn nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(Read().cards.size());
  return 0;
}

NvmlReturn nvmlDeviceGetHandleByIndex_v2(unsigned index, NvmlDevice* device) {
  const State state = Read();
  const auto card = state.cards.find(index);
  if (card == state.cards.end()) return brahe::gpu::kNvmlNotFound;
  if (card->second.Has("lost")) return brahe::gpu::kNvmlGpuIsLost;
  *device = DeviceOf(index + 1);
  return 0;
}

NvmlReturn nvmlDeviceGetUUID(NvmlDevice device, char* text, unsigned size) {
  return On(device, [&](const FakeCard& card, auto) { return Copy(card.uuid, text, size); });
}

NvmlReturn nvmlDeviceGetName(NvmlDevice device, char* text, unsigned size) {
  return On(device, [&](const FakeCard& card, auto) { return Copy(card.name, text, size); });
}

NvmlReturn nvmlDeviceGetPowerUsage(NvmlDevice device, unsigned* milliwatts) {
  return On(device, [&](const FakeCard& card, auto) -> NvmlReturn {
    if (!card.Has("power")) return brahe::gpu::kNvmlNotSupported;
    *milliwatts = static_cast<unsigned>(card.Number("power"));
    return 0;
  });
}

#ifndef BRAHE_FAKE_NVML_BROKEN
NvmlReturn nvmlInit_v2() { return Read().init; }
#endif

#ifndef BRAHE_FAKE_NVML_OLD
NvmlReturn nvmlDeviceGetTotalEnergyConsumption(NvmlDevice device, unsigned long long* millijoules) {
  return On(device, [&](const FakeCard& card, auto) -> NvmlReturn {
    if (!card.Has("energy")) return brahe::gpu::kNvmlNotSupported;
    *millijoules = card.Number("energy");
    return 0;
  });
}

NvmlReturn nvmlDeviceGetUtilizationRates(NvmlDevice device, NvmlUtilization* utilization) {
  return On(device, [&](const FakeCard& card, auto) -> NvmlReturn {
    if (card.Has("mig") || !card.Has("util")) return brahe::gpu::kNvmlNotSupported;
    *utilization = {.gpu = static_cast<unsigned>(card.Number("util")), .memory = 0};
    return 0;
  });
}

NvmlReturn nvmlDeviceGetProcessUtilization(NvmlDevice device, NvmlProcessSample* samples, unsigned* count,
                                           unsigned long long after_us) {
  return On(device, [&](const FakeCard& card, auto) -> NvmlReturn {
    if (card.Has("mig")) return brahe::gpu::kNvmlNotSupported;
    std::vector<NvmlProcessSample> newer;
    for (const NvmlProcessSample& sample : card.samples) {
      if (sample.time_us > after_us) newer.push_back(sample);
    }
    return newer.empty() ? brahe::gpu::kNvmlNotFound : CopyList(newer, count, samples);
  });
}

NvmlReturn nvmlDeviceGetComputeRunningProcesses_v3(NvmlDevice device, unsigned* count, NvmlProcess* processes) {
  return On(device, [&](const FakeCard& card, const Instance* instance) {
    std::vector<NvmlProcess> list;
    for (const unsigned pid : instance != nullptr ? instance->pids : card.open) {
      list.push_back({.pid = pid, .memory = 0, .gpu_instance = 0, .compute_instance = 0});
    }
    return CopyList(list, count, processes);
  });
}

NvmlReturn nvmlDeviceGetMigMode(NvmlDevice device, unsigned* current, unsigned* pending) {
  return On(device, [&](const FakeCard& card, auto) -> NvmlReturn {
    *current = *pending = card.Has("mig") ? brahe::gpu::kNvmlMigEnabled : 0;
    return 0;
  });
}

NvmlReturn nvmlDeviceGetMaxMigDeviceCount(NvmlDevice device, unsigned* count) {
  return On(device, [&](const FakeCard&, auto) -> NvmlReturn {
    *count = 7;
    return 0;
  });
}

NvmlReturn nvmlDeviceGetMigDeviceHandleByIndex(NvmlDevice device, unsigned index, NvmlDevice* mig) {
  return On(device, [&](const FakeCard& card, auto) -> NvmlReturn {
    if (index >= card.instances.size()) return brahe::gpu::kNvmlNotFound;
    *mig = DeviceOf(1000 * (index + 1) + NumberOf(device));
    return 0;
  });
}

NvmlReturn nvmlDeviceGetAttributes_v2(NvmlDevice device, NvmlAttributes* attributes) {
  return On(device, [&](const FakeCard&, const Instance* instance) -> NvmlReturn {
    if (instance == nullptr) return brahe::gpu::kNvmlNotSupported;
    *attributes = {};
    attributes->gpu_slices = instance->slices;
    return 0;
  });
}
#endif

}  // extern "C"
