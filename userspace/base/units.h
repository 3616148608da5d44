#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace brahe {

// A count of one unit. Arithmetic stays in integers: the books balance exactly or not at all. Two different units do
// not mix. Subtraction below zero is a bug of the caller; nothing here clamps it.
template <typename Unit>
struct Quantity {
  uint64_t value = 0;

  constexpr auto operator<=>(const Quantity&) const = default;
  constexpr Quantity& operator+=(Quantity other) {
    value += other.value;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity other) {
    value -= other.value;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return {a.value + b.value}; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return {a.value - b.value}; }
  friend constexpr Quantity operator*(Quantity a, uint64_t n) { return {a.value * n}; }
  friend constexpr Quantity operator/(Quantity a, uint64_t n) { return {a.value / n}; }
};

// Time: a duration, or an instant on CLOCK_MONOTONIC.
using Nanoseconds = Quantity<struct NanosecondUnit>;
// Energy.
using Microjoules = Quantity<struct MicrojouleUnit>;
// Power.
using Microwatts = Quantity<struct MicrowattUnit>;

constexpr Nanoseconds Milliseconds(uint64_t n) { return {n * 1'000'000}; }
constexpr Nanoseconds Seconds(uint64_t n) { return {n * 1'000'000'000}; }
constexpr Microjoules Joules(uint64_t n) { return {n * 1'000'000}; }
constexpr Microwatts Watts(uint64_t n) { return {n * 1'000'000}; }

using Uint128 = unsigned __int128;

// floor(amount * part / whole), or the largest number if it is more than that; 0 where whole is 0.
constexpr uint64_t ScaleDown(uint64_t amount, uint64_t part, uint64_t whole) {
  if (whole == 0) return 0;
  const Uint128 scaled = static_cast<Uint128>(amount) * part / whole;
  return scaled > UINT64_MAX ? UINT64_MAX : static_cast<uint64_t>(scaled);
}

// The mean power of `energy` used over `time`, rounded down; 0 where time is 0.
constexpr Microwatts MeanPower(Microjoules energy, Nanoseconds time) {
  return {ScaleDown(energy.value, 1'000'000'000, time.value)};
}

// The energy that `power` uses in `time`, rounded down.
constexpr Microjoules EnergyOf(Microwatts power, Nanoseconds time) {
  return {ScaleDown(power.value, time.value, 1'000'000'000)};
}

}  // namespace brahe

template <typename Unit>
struct std::hash<brahe::Quantity<Unit>> {
  size_t operator()(brahe::Quantity<Unit> q) const noexcept { return std::hash<uint64_t>{}(q.value); }
};
