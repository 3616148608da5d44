#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace brahe {

// The spelling of names and values in Prometheus' text format 0.0.4. Everything is appended to `out`; integers only, no
// locale, no allocation but that of `out`. Any thread.

// Decimal digits.
void AppendUint(uint64_t n, std::string& out);
// A count of millionths as a decimal fraction: 12345678 gives 12.345678, 5 gives 0.000005.
void AppendMillionths(uint64_t n, std::string& out);
// A count of thousand-millionths likewise, with nine decimals.
void AppendBillionths(uint64_t n, std::string& out);
// A label's value as it stands between the quotes: backslash, quote and newline escaped, each byte that is no part of
// well-formed UTF-8 replaced by U+FFFD.
void AppendEscaped(std::string_view value, std::string& out);

// Writes one sample: a name, labels, and at last one value, which ends the line.
//   Sample("up", out).Label("job", "a").Uint(1);
class Sample {
 public:
  Sample(std::string_view name, std::string& out);

  Sample& Label(std::string_view name, std::string_view value);
  // Labels that are spelt already: a="1",b="2".
  Sample& Labels(std::string_view spelt);
  void Uint(uint64_t value);
  void Millionths(uint64_t value);
  void Billionths(uint64_t value);

 private:
  void Separate();
  void CloseLabels();

  std::string& out_;
  bool has_labels_ = false;
};

}  // namespace brahe
