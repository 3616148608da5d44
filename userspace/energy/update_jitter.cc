#include "userspace/energy/update_jitter.h"

namespace brahe::energy {

uint64_t UpdateJitterPpm(Nanoseconds epoch) {
  constexpr uint64_t kMillion = 1'000'000;
  if (epoch <= kUpdateJitter) return kMillion;
  return (kUpdateJitter.value * kMillion + epoch.value - 1) / epoch.value;
}

}  // namespace brahe::energy
