#include "userspace/gpu/nvml_library.h"

#include <dlfcn.h>

namespace brahe::gpu {
namespace {

template <typename Function>
bool Find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

}  // namespace

Result<NvmlLibrary> LoadNvml(const std::string& name) {
  void* const library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* const why = dlerror();
    const std::string text = why == nullptr ? name : why;
    // What the loader says of a file that is not there, and not of what is wrong with one that is.
    const bool absent = text.starts_with(name + ": cannot open shared object file: No such file");
    return Error{absent ? ENOENT : 0, "cannot load " + text};
  }
  NvmlLibrary nvml;
  std::string missing;
  const auto need = [&](const char* symbol, auto& function) {
    if (!Find(library, symbol, function)) missing = symbol;
  };
  need("nvmlInit_v2", nvml.init);
  need("nvmlShutdown", nvml.shutdown);
  need("nvmlErrorString", nvml.error_string);
  need("nvmlDeviceGetCount_v2", nvml.count);
  need("nvmlDeviceGetHandleByIndex_v2", nvml.handle);
  need("nvmlDeviceGetUUID", nvml.uuid);
  need("nvmlDeviceGetName", nvml.name);
  need("nvmlDeviceGetPowerUsage", nvml.power);
  if (!missing.empty()) return MakeError(name + " has no " + missing + ": it takes a newer driver of NVIDIA's");
  Find(library, "nvmlDeviceGetTotalEnergyConsumption", nvml.energy);
  Find(library, "nvmlDeviceGetUtilizationRates", nvml.utilization);
  Find(library, "nvmlDeviceGetProcessUtilization", nvml.process_samples);
  if (!Find(library, "nvmlDeviceGetComputeRunningProcesses_v3", nvml.processes)) {
    Find(library, "nvmlDeviceGetComputeRunningProcesses_v2", nvml.processes);
  }
  Find(library, "nvmlDeviceGetMigMode", nvml.mig_mode);
  Find(library, "nvmlDeviceGetMaxMigDeviceCount", nvml.max_migs);
  Find(library, "nvmlDeviceGetMigDeviceHandleByIndex", nvml.mig_handle);
  Find(library, "nvmlDeviceGetAttributes_v2", nvml.attributes);
  return nvml;
}

Error NvmlError(const NvmlLibrary& nvml, const std::string& what, NvmlReturn code) {
  const char* const text = nvml.error_string(code);
  return MakeError(what + ": " + (text == nullptr ? "error " + std::to_string(code) : std::string(text)));
}

}  // namespace brahe::gpu
