#include "userspace/otlp/exact_double.h"

#include <charconv>
#include <string>

namespace brahe::otlp {
namespace {

// `amount` / 10^`decimals`.
double Nearest(uint64_t amount, uint64_t per_unit, size_t decimals) {
  // Both numbers are doubles as they are, so that the division rounds, and nothing else.
  constexpr uint64_t kAllDigits = uint64_t{1} << 53;
  if (amount <= kAllDigits) return static_cast<double>(amount) / static_cast<double>(per_unit);
  std::string text = std::to_string(amount);  // of 16 digits at least
  text.insert(text.size() - decimals, 1, '.');
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

double InJoules(Microjoules energy) { return Nearest(energy.value, 1'000'000, 6); }

double InWatts(Microwatts power) { return Nearest(power.value, 1'000'000, 6); }

double InSeconds(Nanoseconds time) { return Nearest(time.value, 1'000'000'000, 9); }

}  // namespace brahe::otlp
