#pragma once

#include <string_view>

namespace brahe::workload {

// The last name of a path; empty at its root.
inline std::string_view LastName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

inline std::string_view WithoutLastName(std::string_view path) {
  const size_t slash = path.rfind('/');
  return path.substr(0, slash == std::string_view::npos ? 0 : slash);
}

// What follows `word` in a name; empty if it begins otherwise.
inline std::string_view After(std::string_view word, std::string_view name) {
  return name.starts_with(word) ? name.substr(word.size()) : std::string_view();
}

inline bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

inline bool IsHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace brahe::workload
