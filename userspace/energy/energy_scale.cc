#include "userspace/energy/energy_scale.h"

#include <charconv>
#include <limits>
#include <string>

#include "userspace/base/file.h"
#include "userspace/base/plain_text.h"

namespace brahe::energy {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

// digits * 10^exponent
struct Decimal {
  Uint128 digits = 0;
  int exponent = 0;
};

// The number after an "e".
std::optional<int> ParseExponent(std::string_view text) {
  constexpr int kLimit = 100;  // so that nothing below runs long
  if (text.starts_with("+") && !text.starts_with("+-")) text.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (exponent < -kLimit || exponent > kLimit) return std::nullopt;
  return exponent;
}

std::optional<Decimal> ParseDecimal(std::string_view text) {
  constexpr size_t kMaxDigits = 38;  // as many as 128 bits hold
  Decimal decimal;
  if (const size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    const auto exponent = ParseExponent(text.substr(e + 1));
    if (!exponent) return std::nullopt;
    decimal.exponent = *exponent;
    text = text.substr(0, e);
  }
  const size_t point = text.find('.');
  std::string digits(text.substr(0, point));
  if (point != std::string_view::npos) {
    digits += text.substr(point + 1);
    decimal.exponent -= static_cast<int>(text.size() - point - 1);
  }
  if (digits.empty() || digits.size() > kMaxDigits) return std::nullopt;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    decimal.digits = decimal.digits * 10 + static_cast<unsigned>(digit - '0');
  }
  return decimal;
}

// Divides `number` by `factor`^`power` as far as that comes out even. Returns the power that is left.
int Cancel(Uint128& number, unsigned factor, int power) {
  for (; power > 0 && number % factor == 0; --power) number /= factor;
  return power;
}

// number * factor^power; above kMax it is only told that it is.
Uint128 Raise(Uint128 number, unsigned factor, int power) {
  for (; power > 0 && number <= kMax; --power) number *= factor;
  return number;
}

}  // namespace

std::optional<Microjoules> EnergyScale::EnergyOf(uint64_t counts) const {
  const Uint128 energy = static_cast<Uint128>(counts) * numerator / denominator;
  if (energy > kMax) return std::nullopt;
  return Microjoules{static_cast<uint64_t>(energy)};
}

Result<EnergyScale> ParseEnergyScale(std::string_view text) {
  constexpr size_t kQuoted = 80;
  const std::string quoted = "\"" + PlainText(Trim(text), kQuoted) + "\"";
  const auto joules = ParseDecimal(Trim(text));
  if (!joules || joules->digits == 0) return MakeError("not a scale: " + quoted);
  const int exponent = joules->exponent + 6;  // of microjoules
  Uint128 numerator = joules->digits;
  const int twos = Cancel(numerator, 2, -exponent);
  const int fives = Cancel(numerator, 5, -exponent);
  numerator = Raise(numerator, 10, exponent);
  const Uint128 denominator = Raise(Raise(1, 2, twos), 5, fives);
  if (numerator > kMax || denominator > kMax) return MakeError("a scale of too many digits: " + quoted);
  return EnergyScale{.numerator = static_cast<uint64_t>(numerator), .denominator = static_cast<uint64_t>(denominator)};
}

}  // namespace brahe::energy
