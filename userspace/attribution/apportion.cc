#include "userspace/attribution/apportion.h"

#include <algorithm>
#include <cassert>

#include "userspace/base/scratch.h"

namespace brahe::attribution {

Microjoules ActiveEnergy(Microjoules used, Nanoseconds busy, Nanoseconds capacity) {
  if (capacity.value == 0) return {};
  if (busy >= capacity) return used;
  return {ScaleDown(used.value, busy.value, capacity.value)};
}

void Apportioner::Split(uint64_t amount, std::span<const uint64_t> weights, std::span<uint64_t> shares) {
  assert(shares.size() == weights.size());
  Uint128 sum = 0;
  for (const uint64_t weight : weights) sum += weight;
  if (sum == 0) {
    std::fill(shares.begin(), shares.end(), 0);
    return;
  }
  remainders_.clear();
  uint64_t left = amount;
  for (size_t i = 0; i < weights.size(); ++i) {
    const Uint128 product = static_cast<Uint128>(amount) * weights[i];
    shares[i] = static_cast<uint64_t>(product / sum);
    left -= shares[i];
    if (const Uint128 remainder = product - shares[i] * sum; remainder != 0) remainders_.push_back({remainder, i});
  }
  if (left == 0) return;
  // The remainders add up to left * sum and each is below sum, so there are more of them than units left to give. The
  // order is total, so it does not matter in which order nth_element leaves the two sides.
  std::nth_element(remainders_.begin(), remainders_.begin() + left, remainders_.end(),
                   [](const Remainder& a, const Remainder& b) {
                     return a.value != b.value ? a.value > b.value : a.index < b.index;
                   });
  for (uint64_t i = 0; i < left; ++i) ++shares[remainders_[i].index];
  ShrinkScratch(remainders_);
}

}  // namespace brahe::attribution
