#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace brahe {

// Text from processes, made fit for a terminal: they choose their names, and must not drive it by them. Any thread.

// `text` with each control character (C0, DEL, C1, line and paragraph separators, and those that change the direction
// of writing) and each byte that is no UTF-8 replaced by U+FFFD.
std::string TerminalText(std::string_view text);

// As many characters of `text`, which TerminalText made, as fit `columns`; what is cut shows as an ellipsis at the end.
// Which characters are two columns wide is estimated from above, so that no line is ever too long.
std::string CutToWidth(std::string_view text, size_t columns);

// The same with spaces after it, or before it, to fill `columns`.
std::string PadRight(std::string_view text, size_t columns);
std::string PadLeft(std::string_view text, size_t columns);

}  // namespace brahe
