#pragma once

#include <string>

#include "userspace/base/result.h"

// The part of NVIDIA's Management Library that is used, declared after its documented ABI (R450 to R590). There is no
// header and no library of it where Brahe is built.
namespace brahe::gpu {

using NvmlDevice = struct NvmlDeviceOfTheLibrary*;
using NvmlReturn = int;

inline constexpr NvmlReturn kNvmlSuccess = 0;
inline constexpr NvmlReturn kNvmlUninitialized = 1;
inline constexpr NvmlReturn kNvmlNotSupported = 3;
inline constexpr NvmlReturn kNvmlNotFound = 6;
inline constexpr NvmlReturn kNvmlInsufficientSize = 7;
inline constexpr NvmlReturn kNvmlFunctionNotFound = 13;
inline constexpr NvmlReturn kNvmlGpuIsLost = 15;

inline constexpr unsigned kNvmlTextSize = 96;  // of names and uuids
inline constexpr unsigned kNvmlMigEnabled = 1;

struct NvmlUtilization {
  unsigned gpu, memory;  // percent of the last sample period
};

struct NvmlProcessSample {
  unsigned pid;
  unsigned long long time_us;             // when it was taken
  unsigned sm, memory, encoder, decoder;  // percent
};
static_assert(sizeof(NvmlProcessSample) == 32);

// Of the functions whose names end in _v2 or _v3.
struct NvmlProcess {
  unsigned pid;
  unsigned long long memory;
  unsigned gpu_instance, compute_instance;
};
static_assert(sizeof(NvmlProcess) == 24);

struct NvmlAttributes {
  unsigned multiprocessors, copy_engines, decoders, encoders, jpegs, ofas;
  unsigned gpu_slices, compute_slices;
  unsigned long long memory_mb;
};
static_assert(sizeof(NvmlAttributes) == 40);

// The functions that are used. They may be called by any thread; each may take seconds where a card is about to fail.
struct NvmlLibrary {
  NvmlReturn (*init)() = nullptr;
  NvmlReturn (*shutdown)() = nullptr;
  const char* (*error_string)(NvmlReturn) = nullptr;
  NvmlReturn (*count)(unsigned* count) = nullptr;
  NvmlReturn (*handle)(unsigned index, NvmlDevice* device) = nullptr;
  NvmlReturn (*uuid)(NvmlDevice device, char* text, unsigned size) = nullptr;
  NvmlReturn (*name)(NvmlDevice device, char* text, unsigned size) = nullptr;
  NvmlReturn (*power)(NvmlDevice device, unsigned* milliwatts) = nullptr;

  // Null where the driver is older than the function.
  NvmlReturn (*energy)(NvmlDevice device, unsigned long long* millijoules) = nullptr;  // since the driver was loaded
  NvmlReturn (*utilization)(NvmlDevice device, NvmlUtilization* utilization) = nullptr;
  NvmlReturn (*process_samples)(NvmlDevice device, NvmlProcessSample* samples, unsigned* count,
                                unsigned long long after_us) = nullptr;
  NvmlReturn (*processes)(NvmlDevice device, unsigned* count, NvmlProcess* processes) = nullptr;
  NvmlReturn (*mig_mode)(NvmlDevice device, unsigned* current, unsigned* pending) = nullptr;
  NvmlReturn (*max_migs)(NvmlDevice device, unsigned* count) = nullptr;
  NvmlReturn (*mig_handle)(NvmlDevice device, unsigned index, NvmlDevice* mig) = nullptr;
  NvmlReturn (*attributes)(NvmlDevice device, NvmlAttributes* attributes) = nullptr;
};

// What the driver installs.
inline constexpr char kNvmlSoname[] = "libnvidia-ml.so.1";

// Loads `name`, for good. ENOENT: there is none. Any other Error names what is wrong with it.
Result<NvmlLibrary> LoadNvml(const std::string& name);

// An Error for a call that failed: "WHAT: what the library says of it".
Error NvmlError(const NvmlLibrary& nvml, const std::string& what, NvmlReturn code);

}  // namespace brahe::gpu
