#include "userspace/base/plain_text.h"

#include <algorithm>

#include "userspace/base/utf8.h"

namespace brahe {
namespace {

bool IsControl(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x061C || (code >= 0x200B && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF;
}

// How many bytes of `text` the character is that it begins with, or the byte that is none.
size_t FirstLength(std::string_view text) { return std::max<size_t>(Utf8SequenceLength(text), 1); }

}  // namespace

std::string PlainText(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = FirstLength(text);
    const std::string_view first = text.substr(0, length);
    const bool is_good = Utf8SequenceLength(text) > 0 && !IsControl(CodePoint(first));
    out.append(is_good ? first : kReplacementCharacter);
    text.remove_prefix(length);
  }
  return out;
}

std::string PlainText(std::string_view text, size_t bytes) {
  if (text.size() <= bytes) return PlainText(text);
  size_t fitting = 0;
  for (size_t next = 0; (next += FirstLength(text.substr(next))) <= bytes;) fitting = next;
  return PlainText(text.substr(0, fitting)) + "...";
}

}  // namespace brahe
