#include "userspace/exposition/sample_writer.h"

#include <charconv>
#include <string>

namespace brahe::exposition {
namespace {

using Unit = SampleValue::Unit;

// Up to here a count is a double, and so the quotient of two doubles is rounded but once.
constexpr uint64_t kExact = 1ULL << 53;

double OfText(const SampleValue& value) {
  std::string text;
  if (value.unit == Unit::kMillionths) AppendMillionths(value.count, text);
  if (value.unit == Unit::kBillionths) AppendBillionths(value.count, text);
  double nearest = 0;
  std::from_chars(text.data(), text.data() + text.size(), nearest);
  return nearest;
}

}  // namespace

double NearestDouble(const SampleValue& value) {
  if (value.unit == Unit::kOnes) return static_cast<double>(value.count);
  if (value.count > kExact) return OfText(value);
  return static_cast<double>(value.count) / (value.unit == Unit::kMillionths ? 1e6 : 1e9);
}

}  // namespace brahe::exposition
