#include "userspace/exposition/label_spelling.h"

#include <algorithm>
#include <charconv>

#include "userspace/exposition/metric_fields.h"

namespace brahe::exposition {
namespace {

void AppendText(std::string_view name, std::string_view value, std::string& out) {
  out.push_back(',');
  out.append(name).append("=\"");
  AppendEscaped(value, out);
  out.push_back('"');
}

char* Put(std::string_view bytes, char* at) { return std::copy(bytes.begin(), bytes.end(), at); }

// Lengths of fewer than 2^14 bytes.
size_t LengthSize(size_t length) { return length < 0x80 ? 1 : 2; }
char* PutLength(size_t length, char* at) {
  if (length >= 0x80) *at++ = static_cast<char>(length | 0x80);
  *at++ = static_cast<char>(length < 0x80 ? length : length >> 7);
  return at;
}

// A value of ASCII, as nearly all are, has its length from the start, and nothing is moved.
void AppendAsciiPair(std::string_view name, std::string_view value, std::string& out) {
  constexpr char kPairKey = metric_fields::kLabel << 3 | 2;
  constexpr char kNameKey = metric_fields::kLabelName << 3 | 2;
  constexpr char kValueKey = metric_fields::kLabelValue << 3 | 2;
  const size_t size = 2 + name.size() + 1 + LengthSize(value.size()) + value.size();
  const size_t before = out.size();
  out.resize(before + 1 + LengthSize(size) + size);
  char* at = out.data() + before;
  *at++ = kPairKey;
  at = PutLength(size, at);
  *at++ = kNameKey;
  at = Put(name, PutLength(name.size(), at));
  *at++ = kValueKey;
  Put(value, PutLength(value.size(), at));
}

void AppendPair(std::string_view name, std::string_view value, std::string& out) {
  constexpr size_t kTwoByteLength = (1 << 14) - 200;  // that of the pair, too, fits two bytes
  if (value.size() < kTwoByteLength && IsAscii(value)) return AppendAsciiPair(name, value, out);
  ProtobufWriter(out).Message(metric_fields::kLabel, [&](ProtobufWriter& pair) {
    pair.Bytes(metric_fields::kLabelName, name);
    pair.Message(metric_fields::kLabelValue, [&](ProtobufWriter&) { AppendWellFormed(value, out); });
  });
}

}  // namespace

LabelSpelling SpellingOf(ExpositionFormat format) {
  return format == ExpositionFormat::kProtobuf ? LabelSpelling::kProtobuf : LabelSpelling::kText;
}

void LabelSpeller::Append(std::string_view name, std::string_view value, std::string& out) const {
  spelling_ == LabelSpelling::kText ? AppendText(name, value, out) : AppendPair(name, value, out);
}

void LabelSpeller::Append(std::string_view name, uint64_t value, std::string& out) const {
  char digits[20];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof(digits), value);
  const std::string_view text(digits, static_cast<size_t>(end.ptr - digits));
  spelling_ == LabelSpelling::kText ? AppendText(name, text, out) : AppendAsciiPair(name, text, out);
}

}  // namespace brahe::exposition
