#include "userspace/exposition/sample_writer.h"

#include <charconv>
#include <string>

namespace brahe::exposition {

double NearestDoubleOfMany(const SampleValue& value) {
  std::string text;
  value.unit == SampleValue::Unit::kMillionths ? AppendMillionths(value.count, text)
                                               : AppendBillionths(value.count, text);
  double nearest = 0;
  std::from_chars(text.data(), text.data() + text.size(), nearest);
  return nearest;
}

}  // namespace brahe::exposition
