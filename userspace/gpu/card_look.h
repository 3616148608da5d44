#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/base/units.h"
#include "userspace/gpu/gpu_meter.h"
#include "userspace/gpu/nvml_library.h"

namespace brahe::gpu {

// What one look at a card found.
struct CardLook {
  std::optional<Microjoules> counter;  // energy since the driver was loaded
  std::optional<Microwatts> power;     // where there is no counter
  bool working = false;                // it was busy for some of the last sample period
  // Percent of the card's multiprocessors that each process had, summed over the sample periods since the last look.
  std::vector<CardUse> measured;
  // Those that have the card open. Of a whole card all weigh the same. With MIG a slice of the card weighs the same,
  // and those that share an instance share its slices.
  std::vector<CardUse> open;
};

// Looks at `device`. `seen_us` is up to when samples of its processes are known, and moved on. An Error if the card
// cannot be read. May take as long as the library does; any thread, one at a time for a card.
Result<CardLook> LookAt(const NvmlLibrary& nvml, NvmlDevice device, uint64_t& seen_us);

}  // namespace brahe::gpu
