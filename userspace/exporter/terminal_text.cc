#include "userspace/exporter/terminal_text.h"

#include <algorithm>
#include <cstdint>

#include "userspace/exporter/utf8.h"

namespace brahe {
namespace {

constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

// Of a well-formed sequence.
char32_t CodePoint(std::string_view sequence) {
  const auto lead = static_cast<uint8_t>(sequence[0]);
  if (sequence.size() == 1) return lead;
  char32_t code = lead & (0xFFU >> (sequence.size() + 1));
  for (const char c : sequence.substr(1)) code = code << 6 | (static_cast<uint8_t>(c) & 0x3FU);
  return code;
}

bool IsControl(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x061C || (code >= 0x200B && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF;
}

// Wide characters begin with Hangul; of what comes after, only punctuation and U+FFFD are known to be narrow.
size_t Columns(char32_t code) { return code < 0x1100 || (code >= 0x2010 && code <= 0x2027) || code == 0xFFFD ? 1 : 2; }

struct Fit {
  size_t bytes = 0;
  size_t columns = 0;
};

// How much of `text` fits.
Fit FitInto(std::string_view text, size_t columns) {
  Fit fit;
  while (fit.bytes < text.size()) {
    const std::string_view rest = text.substr(fit.bytes);
    const size_t length = std::max<size_t>(Utf8SequenceLength(rest), 1);
    const size_t width = Columns(CodePoint(rest.substr(0, length)));
    if (fit.columns + width > columns) break;
    fit.bytes += length;
    fit.columns += width;
  }
  return fit;
}

std::string SpacesFor(std::string_view cut, size_t columns) {
  return std::string(columns - FitInto(cut, columns).columns, ' ');
}

}  // namespace

std::string TerminalText(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = Utf8SequenceLength(text);
    const bool is_good = length > 0 && !IsControl(CodePoint(text.substr(0, length)));
    out.append(is_good ? text.substr(0, length) : kReplacementCharacter);
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

std::string CutToWidth(std::string_view text, size_t columns) {
  if (columns == 0) return "";
  if (FitInto(text, columns).bytes == text.size()) return std::string(text);
  return std::string(text.substr(0, FitInto(text, columns - 1).bytes)).append(kEllipsis);
}

std::string PadRight(std::string_view text, size_t columns) {
  const std::string cut = CutToWidth(text, columns);
  return cut + SpacesFor(cut, columns);
}

std::string PadLeft(std::string_view text, size_t columns) {
  const std::string cut = CutToWidth(text, columns);
  return SpacesFor(cut, columns) + cut;
}

}  // namespace brahe
