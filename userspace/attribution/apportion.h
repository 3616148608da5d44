#pragma once

#include <cstdint>
#include <span>

#include "userspace/base/units.h"

namespace brahe {

// The part of a zone's energy that was used while its CPUs worked: floor(used * busy / capacity), and all of it where
// busy exceeds capacity. 0 where capacity is 0. The rest is idle energy.
Microjoules ActiveEnergy(Microjoules used, Nanoseconds busy, Nanoseconds capacity);

// Splits `amount` among `weights` in proportion, by largest remainder: shares[i] is floor(amount*w[i]/sum) or one
// more, and the shares add up to `amount` exactly (to 0 if all weights are 0). Of equal remainders the one that stands
// first wins, so callers sort by a key to be independent of order. `shares` has the length of `weights`.
void Apportion(uint64_t amount, std::span<const uint64_t> weights, std::span<uint64_t> shares);

}  // namespace brahe
