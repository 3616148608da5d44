#include "userspace/energy/pending_energy.h"

#include <algorithm>
#include <utility>

namespace brahe::energy {

void PendingEnergy::Add(Microjoules energy, Nanoseconds begin, Nanoseconds end) {
  older_ += std::exchange(last_, energy);
  begin_ = begin;
  end_ = std::max(begin, end);
}

Microjoules PendingEnergy::TakeUntil(Nanoseconds until) {
  const Nanoseconds at = std::clamp(until, begin_, end_);
  const Microjoules part =
      at == end_ ? last_ : Microjoules{ScaleDown(last_.value, (at - begin_).value, (end_ - begin_).value)};
  last_ -= part;
  begin_ = at;
  return std::exchange(older_, {}) + part;
}

}  // namespace brahe::energy
