#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace brahe::terminal {

// Text that PlainText made, laid out in columns of a terminal. Any thread.

// As many characters of `text` as fit `columns`; what is cut shows as an ellipsis at the end.
// Which characters are two columns wide is estimated from above, so that no line is ever too long.
std::string CutToWidth(std::string_view text, size_t columns);

// The same with spaces after it, or before it, to fill `columns`.
std::string PadRight(std::string_view text, size_t columns);
std::string PadLeft(std::string_view text, size_t columns);

}  // namespace brahe::terminal
