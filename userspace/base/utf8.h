#pragma once

#include <cstddef>
#include <string_view>

namespace brahe {

// What stands for bytes that are no part of well-formed UTF-8: U+FFFD.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

// The length of the well-formed UTF-8 sequence that `text`, which is not empty, starts with; 0 if it starts with none.
// Any thread.
size_t Utf8SequenceLength(std::string_view text);

// The character of a well-formed sequence.
char32_t CodePoint(std::string_view sequence);

}  // namespace brahe
