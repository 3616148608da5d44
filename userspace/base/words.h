#pragma once

#include <algorithm>
#include <charconv>
#include <string_view>

namespace brahe {

// The words of a line, from its front. Blanks and line ends part them.

// Takes one word off `rest`; empty at the end.
inline std::string_view TakeWord(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const std::string_view word = rest.substr(0, rest.find_first_of(" \n"));
  rest.remove_prefix(word.size());
  return word;
}

inline void SkipWords(std::string_view& rest, int count) {
  for (int i = 0; i < count; ++i) TakeWord(rest);
}

// False if `word` is not a number of this type and nothing else.
template <typename Number>
bool ParseWhole(std::string_view word, Number& number) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return !word.empty() && error == std::errc() && end == word.data() + word.size();
}

template <typename Number>
bool TakeNumber(std::string_view& rest, Number& number) {
  return ParseWhole(TakeWord(rest), number);
}

}  // namespace brahe
