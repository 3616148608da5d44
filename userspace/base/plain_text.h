#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace brahe {

// Text that others chose (processes their names, servers their messages), made fit for a terminal or a log, which it
// must not drive. Any thread.

// `text` with each control character (C0, DEL, C1, line and paragraph separators, and those that change the direction
// of writing) and each byte that is no UTF-8 replaced by U+FFFD.
std::string PlainText(std::string_view text);

// The same for a part of a line: at most `bytes` of `text`, cut between characters; "..." shows that it was cut.
std::string PlainText(std::string_view text, size_t bytes);

// The same for a whole message: at most 300 bytes of it.
inline std::string PlainLine(std::string_view text) { return PlainText(text, 300); }

}  // namespace brahe
