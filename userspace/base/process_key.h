#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace brahe {

// Which process, for ever: a pid is used again, a pid with its start time is not.
struct ProcessKey {
  uint32_t pid = 0;  // thread group id in the initial pid namespace
  uint64_t start_ns =
      0;  // start of the group leader, ns on CLOCK_BOOTTIME; the /proc source knows it to a clock tick only

  auto operator<=>(const ProcessKey&) const = default;
};

// Spreads a 64-bit number over all bits (the finalizer of SplitMix64).
constexpr uint64_t MixBits(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace brahe

template <>
struct std::hash<brahe::ProcessKey> {
  size_t operator()(const brahe::ProcessKey& key) const noexcept {
    return brahe::MixBits(key.start_ns * 0x9e3779b97f4a7c15ULL + key.pid);
  }
};
