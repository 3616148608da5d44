#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "userspace/base/units.h"

namespace brahe::attribution {

// The part of a zone's energy that was used while its CPUs worked: floor(used * busy / capacity), and all of it where
// busy exceeds capacity. 0 where capacity is 0. The rest is idle energy.
Microjoules ActiveEnergy(Microjoules used, Nanoseconds busy, Nanoseconds capacity);

// Splits amounts in proportion to weights, by largest remainder, in O(n). Keeps its scratch space from call to call, so
// it is not thread-safe.
class Apportioner {
 public:
  // shares[i] becomes floor(amount*w[i]/sum) or one more, and the shares add up to `amount` exactly (to 0 if all
  // weights are 0). Of equal remainders the one that stands first wins, so callers sort by a key to be independent of
  // order. `shares` has the length of `weights`. A weight of 0 gets nothing.
  void Split(uint64_t amount, std::span<const uint64_t> weights, std::span<uint64_t> shares);

 private:
  struct Remainder {
    Uint128 value;
    size_t index;
  };
  std::vector<Remainder> remainders_;
};

}  // namespace brahe::attribution
