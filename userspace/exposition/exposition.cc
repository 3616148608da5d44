#include "userspace/exposition/exposition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "userspace/base/utf8.h"

namespace brahe::exposition {
namespace {

constexpr std::array<bool, 256> MakePlainTable() {
  std::array<bool, 256> plain{};
  for (size_t c = 0; c < 0x80; ++c) plain[c] = c != '\\' && c != '"' && c != '\n';
  return plain;
}

// Bytes that stand for themselves between quotes.
constexpr std::array<bool, 256> kPlain = MakePlainTable();

bool IsPlain(char c) { return kPlain[static_cast<uint8_t>(c)]; }

void AppendCharByChar(std::string_view value, std::string& out) {
  while (!value.empty()) {
    size_t length = 1;
    switch (value[0]) {
      case '\\':
        out.append("\\\\");
        break;
      case '"':
        out.append("\\\"");
        break;
      case '\n':
        out.append("\\n");
        break;
      default:
        length = Utf8SequenceLength(value);
        out.append(length == 0 ? kReplacementCharacter : value.substr(0, length));
        length = std::max<size_t>(length, 1);
    }
    value.remove_prefix(length);
  }
}

// Writes the digits of `n` so that they end before `end`; returns where they begin.
char* WriteDigitsBackwards(uint64_t n, char* end) {
  do {
    *--end = static_cast<char>('0' + n % 10);
    n /= 10;
  } while (n != 0);
  return end;
}

template <int decimals>
void AppendFraction(uint64_t n, std::string& out) {
  char digits[24];
  char* const end = digits + sizeof(digits);
  char* begin = end;
  for (int i = 0; i < decimals; ++i) {
    *--begin = static_cast<char>('0' + n % 10);
    n /= 10;
  }
  *--begin = '.';
  begin = WriteDigitsBackwards(n, begin);
  out.append(begin, static_cast<size_t>(end - begin));
}

constexpr std::string_view kTotal = "_total";

// Of OpenMetrics' base units, those that are in use here: a family in one of them is named after it.
constexpr std::string_view kUnits[] = {"joules", "watts", "seconds", "bytes", "ratio"};

std::string_view UnitOf(std::string_view family) {
  const std::string_view last_word = family.substr(family.rfind('_') + 1);
  const auto* const unit = std::find(std::begin(kUnits), std::end(kUnits), last_word);
  return unit == std::end(kUnits) ? std::string_view() : *unit;
}

std::string_view NameOf(FamilyType type) {
  switch (type) {
    case FamilyType::kCounter:
      return "counter";
    case FamilyType::kGauge:
      return "gauge";
    case FamilyType::kHistogram:
      break;
  }
  return "histogram";
}

// Help texts escape less than label values: quotes stand for themselves in text 0.0.4.
void AppendHelp(std::string_view help, ExpositionFormat format, std::string& out) {
  if (format == ExpositionFormat::kOpenMetrics) return AppendEscaped(help, out);
  for (const char c : help) {
    if (c == '\\') {
      out.append("\\\\");
    } else if (c == '\n') {
      out.append("\\n");
    } else {
      out.push_back(c);
    }
  }
}

}  // namespace

std::string_view ContentTypeOf(ExpositionFormat format) {
  switch (format) {
    case ExpositionFormat::kOpenMetrics:
      return "application/openmetrics-text; version=1.0.0; charset=utf-8";
    case ExpositionFormat::kProtobuf:
      return "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
    case ExpositionFormat::kText:
      break;
  }
  return "text/plain; version=0.0.4; charset=utf-8";
}

void AppendHeader(std::string_view name, FamilyType type, std::string_view help, ExpositionFormat format,
                  std::string& out) {
  const bool open_metrics = format == ExpositionFormat::kOpenMetrics;
  if (open_metrics && type == FamilyType::kCounter && name.ends_with(kTotal)) name.remove_suffix(kTotal.size());
  out.append("# HELP ").append(name).push_back(' ');
  AppendHelp(help, format, out);
  out.append("\n# TYPE ").append(name).append(" ").append(NameOf(type)).push_back('\n');
  const std::string_view unit = UnitOf(name);
  if (open_metrics && !unit.empty()) out.append("# UNIT ").append(name).append(" ").append(unit).push_back('\n');
}

void AppendEnd(ExpositionFormat format, std::string& out) {
  if (format == ExpositionFormat::kOpenMetrics) out.append("# EOF\n");
}

void AppendUint(uint64_t n, std::string& out) {
  char digits[20];
  char* const end = digits + sizeof(digits);
  const char* begin = WriteDigitsBackwards(n, end);
  out.append(begin, static_cast<size_t>(end - begin));
}

void AppendThousandths(uint64_t n, std::string& out) { AppendFraction<3>(n, out); }

void AppendMillionths(uint64_t n, std::string& out) { AppendFraction<6>(n, out); }

void AppendBillionths(uint64_t n, std::string& out) { AppendFraction<9>(n, out); }

void AppendDouble(double value, std::string& out) {
  if (std::isnan(value)) {
    out.append("NaN");
  } else if (std::isinf(value)) {
    out.append(value > 0 ? "+Inf" : "-Inf");
  } else {
    char digits[32];
    const std::to_chars_result end = std::to_chars(digits, digits + sizeof(digits), value);
    out.append(digits, static_cast<size_t>(end.ptr - digits));
  }
}

void AppendEscaped(std::string_view value, std::string& out) {
  const auto* const plain_end = std::find_if_not(value.begin(), value.end(), IsPlain);
  const auto plain_length = static_cast<size_t>(plain_end - value.begin());
  out.append(value.substr(0, plain_length));
  AppendCharByChar(value.substr(plain_length), out);
}

bool IsAscii(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  uint64_t bits = 0;
  for (; text.size() >= sizeof bits; text.remove_prefix(sizeof bits)) {
    uint64_t eight = 0;
    std::memcpy(&eight, text.data(), sizeof eight);
    bits |= eight;
  }
  for (const char c : text) bits |= static_cast<uint8_t>(c);
  return (bits & kHighBits) == 0;
}

void AppendWellFormed(std::string_view value, std::string& out) {
  while (!value.empty()) {
    const auto* const ascii_end = std::find_if(value.begin(), value.end(), [](char c) { return (c & 0x80) != 0; });
    const auto ascii = static_cast<size_t>(ascii_end - value.begin());
    out.append(value.substr(0, ascii));
    value.remove_prefix(ascii);
    if (value.empty()) return;
    const size_t length = Utf8SequenceLength(value);
    out.append(length == 0 ? kReplacementCharacter : value.substr(0, length));
    value.remove_prefix(std::max<size_t>(length, 1));
  }
}

Sample::Sample(std::string_view name, std::string& out) : out_(out) { out_.append(name); }

void Sample::Separate() {
  out_.push_back(has_labels_ ? ',' : '{');
  has_labels_ = true;
}

Sample& Sample::Label(std::string_view name, std::string_view value) {
  Separate();
  out_.append(name).append("=\"");
  AppendEscaped(value, out_);
  out_.push_back('"');
  return *this;
}

Sample& Sample::Labels(std::string_view spelt) {
  Separate();
  out_.append(spelt);
  return *this;
}

void Sample::CloseLabels() { out_.append(has_labels_ ? "} " : " "); }

void Sample::Uint(uint64_t value) {
  CloseLabels();
  AppendUint(value, out_);
  out_.push_back('\n');
}

void Sample::Millionths(uint64_t value) {
  CloseLabels();
  AppendMillionths(value, out_);
  out_.push_back('\n');
}

void Sample::Billionths(uint64_t value) {
  CloseLabels();
  AppendBillionths(value, out_);
  out_.push_back('\n');
}

void Sample::Double(double value) {
  CloseLabels();
  AppendDouble(value, out_);
  out_.push_back('\n');
}

}  // namespace brahe::exposition
