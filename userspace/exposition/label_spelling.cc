#include "userspace/exposition/label_spelling.h"

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

void AppendPair(std::string_view name, std::string_view value, std::string& out) {
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
  Append(name, std::string_view(digits, static_cast<size_t>(end.ptr - digits)), out);
}

}  // namespace brahe::exposition
