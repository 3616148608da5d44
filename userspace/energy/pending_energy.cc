#include "userspace/energy/pending_energy.h"

#include <algorithm>
#include <utility>

namespace brahe::energy {

void PendingEnergy::Add(Microjoules energy, Nanoseconds begin, Nanoseconds end) {
  values_.older += std::exchange(values_.last, energy);
  values_.begin = begin;
  values_.end = std::max(begin, end);
}

Microjoules PendingEnergy::TakeUntil(Nanoseconds until) {
  auto& [older, last, begin, end] = values_;
  const Nanoseconds at = std::clamp(until, begin, end);
  const Microjoules part =
      at == end ? last : Microjoules{ScaleDown(last.value, (at - begin).value, (end - begin).value)};
  last -= part;
  begin = at;
  return std::exchange(older, {}) + part;
}

}  // namespace brahe::energy
