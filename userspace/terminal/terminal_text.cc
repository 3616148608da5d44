#include "userspace/terminal/terminal_text.h"

#include <algorithm>
#include <cstdint>

#include "userspace/base/utf8.h"

namespace brahe::terminal {
namespace {

constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

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

}  // namespace brahe::terminal
