#include "userspace/check/words.h"

#include <cstdio>

namespace brahe::check {
namespace {

std::string Decimal(double value, int decimals, std::string_view unit) {
  char text[64];
  const int size = std::snprintf(text, sizeof text, "%.*f ", decimals, value);
  return std::string(text, static_cast<size_t>(size)).append(unit);
}

}  // namespace

std::string InJoules(Microjoules energy) { return Decimal(static_cast<double>(energy.value) / 1e6, 3, "J"); }

std::string InWatts(Microjoules energy, Nanoseconds time) {
  return Decimal(static_cast<double>(MeanPower(energy, time).value) / 1e6, 2, "W");
}

std::string InSeconds(Nanoseconds time) { return Decimal(static_cast<double>(time.value) / 1e9, 3, "s"); }

std::string InPercent(double share) { return Decimal(share * 100, 1, "%"); }

std::string Count(uint64_t count, std::string_view thing) {
  return std::to_string(count).append(" ").append(thing).append(count == 1 ? "" : "s");
}

}  // namespace brahe::check
