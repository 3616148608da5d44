#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace brahe::exposition {

// The formats that are served: Prometheus text 0.0.4, OpenMetrics 1.0, and Prometheus' protocol buffers (a stream of
// MetricFamily messages, each with its length before it). Samples are spelt alike in the first two; the lines before
// and after them are not.
enum class ExpositionFormat : uint8_t { kText, kOpenMetrics, kProtobuf };

enum class FamilyType : uint8_t { kCounter, kGauge, kHistogram };

// The media type of a format.
std::string_view ContentTypeOf(ExpositionFormat format);

// The spelling of names and values in text. Everything is appended to `out`; no locale, no allocation but that of
// `out`. Any thread.

// The lines before a family's samples: # HELP and # TYPE, and in OpenMetrics, where a counter's family goes without
// "_total", also # UNIT if the name ends in a unit. Of the text formats only.
void AppendHeader(std::string_view name, FamilyType type, std::string_view help, ExpositionFormat format,
                  std::string& out);
// What ends an exposition; nothing as a rule.
void AppendEnd(ExpositionFormat format, std::string& out);

// Decimal digits.
void AppendUint(uint64_t n, std::string& out);
// A count of thousandths as a decimal fraction: 1500 gives 1.500.
void AppendThousandths(uint64_t n, std::string& out);
// A count of millionths as a decimal fraction: 12345678 gives 12.345678, 5 gives 0.000005.
void AppendMillionths(uint64_t n, std::string& out);
// A count of thousand-millionths likewise, with nine decimals.
void AppendBillionths(uint64_t n, std::string& out);
// The shortest decimal that reads back as `value`; +Inf, -Inf, NaN.
void AppendDouble(double value, std::string& out);
// A label's value as it stands between the quotes: backslash, quote and newline escaped, each byte that is no part of
// well-formed UTF-8 replaced by U+FFFD.
void AppendEscaped(std::string_view value, std::string& out);
[[nodiscard]] bool IsAscii(std::string_view text);
// `value` with each byte that is no part of well-formed UTF-8 replaced by U+FFFD, and nothing escaped.
void AppendWellFormed(std::string_view value, std::string& out);

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
  void Double(double value);

 private:
  void Separate();
  void CloseLabels();

  std::string& out_;
  bool has_labels_ = false;
};

}  // namespace brahe::exposition
