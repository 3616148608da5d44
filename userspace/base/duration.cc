#include "userspace/base/duration.h"

#include <array>
#include <optional>

#include "userspace/base/values.h"

namespace brahe {
namespace {

struct Unit {
  std::string_view name;
  uint64_t ns;
};

// Longest first, as FormatDuration takes them; the two at the end are other spellings of "us" (micro sign and mu).
constexpr std::array kUnits = {
    Unit{"h", 3'600'000'000'000}, Unit{"m", 60'000'000'000}, Unit{"s", 1'000'000'000},
    Unit{"ms", 1'000'000},        Unit{"us", 1'000},         Unit{"ns", 1},
    Unit{"\u00b5s", 1'000},       Unit{"\u03bcs", 1'000},
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Removes and returns the front of `text` as far as `wanted` holds.
template <typename Predicate>
std::string_view TakeWhile(std::string_view& text, Predicate wanted) {
  size_t length = 0;
  while (length < text.size() && wanted(text[length])) ++length;
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(length);
  return taken;
}

std::optional<uint64_t> UnitNamed(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return unit.ns;
  }
  return std::nullopt;
}

enum class Fault { kNone, kSyntax, kTooLong };

// Takes one number with its unit off the front of `text` and adds it to `sum`.
Fault AddTerm(std::string_view& text, Uint128& sum) {
  const std::string_view whole = TakeWhile(text, IsDigit);
  std::string_view fraction;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    fraction = TakeWhile(text, IsDigit);
  }
  if (whole.empty() && fraction.empty()) return Fault::kSyntax;
  const auto unit = UnitNamed(TakeWhile(text, [](char c) { return c != '.' && !IsDigit(c); }));
  if (!unit) return Fault::kSyntax;

  Uint128 number = 0;
  for (const char digit : whole) {
    number = number * 10 + static_cast<uint64_t>(digit - '0');
    if (number > kLongestDuration.value) return Fault::kTooLong;
  }
  sum += number * *unit;
  // Digit by digit: the unit's tenths, hundredths and so on, until they are worth less than a nanosecond. Kept at
  // 10^18 times their size, so that no digit that counts is lost.
  constexpr uint64_t kScale = 1'000'000'000'000'000'000;
  Uint128 worth = static_cast<Uint128>(*unit) * kScale;
  Uint128 part = 0;
  for (const char digit : fraction) {
    worth /= 10;
    part += worth * static_cast<uint64_t>(digit - '0');
  }
  sum += part / kScale;
  return sum > kLongestDuration.value ? Fault::kTooLong : Fault::kNone;
}

}  // namespace

Result<Nanoseconds> ParseDuration(std::string_view text) {
  const Error syntax = MakeError(Quoted(text) + " is not a duration (such as 5s or 500ms)");
  if (text == "0") return Nanoseconds{0};
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative) rest.remove_prefix(1);
  if (rest.empty()) return syntax;
  Uint128 sum = 0;
  while (!rest.empty()) {
    switch (AddTerm(rest, sum)) {
      case Fault::kNone:
        break;
      case Fault::kSyntax:
        return syntax;
      case Fault::kTooLong:
        return MakeError(Quoted(text) + " is too long a duration (at most " + FormatDuration(kLongestDuration) + ")");
    }
  }
  if (negative) return MakeError(Quoted(text) + " is negative; a duration must not be");
  return Nanoseconds{static_cast<uint64_t>(sum)};
}

std::string FormatDuration(Nanoseconds duration) {
  std::string text;
  for (const Unit& unit : kUnits) {
    const uint64_t count = duration.value / unit.ns;
    duration.value %= unit.ns;
    if (count > 0) text += std::to_string(count) + std::string(unit.name);
  }
  return text.empty() ? "0s" : text;
}

}  // namespace brahe
