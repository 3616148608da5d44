#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"

namespace brahe {

// From the text of a flag or of a YAML scalar to a value. Each Error quotes the text and says what is expected.

// `text` on one line and not too long to be read, in double quotes; see PlainText.
std::string Quoted(std::string_view text);
// The same without the quotes.
std::string Printable(std::string_view text);

// `text` with the letters of ASCII in lower case, in any locale.
std::string LowerCase(std::string_view text);

// true or false, also yes, no, on, off, 1 and 0, in any case.
Result<bool> ParseBoolean(std::string_view text);

// A whole number, which may be negative.
Result<int64_t> ParseInteger(std::string_view text);

// A whole number from 0 to `most`.
Result<uint64_t> ParseCount(std::string_view text, uint64_t most);

// A decimal number of `unit` (such as "watts"), from 0 to 10^9 and with at most six decimals, in millionths: exact.
Result<uint64_t> ParseMillionths(std::string_view text, std::string_view unit);

// The shortest text that ParseMillionths reads back.
std::string FormatMillionths(uint64_t millionths);

// One of `words`, in lower case, however it is written.
Result<std::string> ParseWord(std::string_view text, const std::vector<std::string>& words);

// "host:port", ":port" or "[v6]:port" with a port from 0 to 65535.
Status CheckListenAddress(std::string_view address);

// `url` with what stands before an '@' of its host (a user and a password) replaced by "...".
std::string WithoutUser(const std::string& url);

// `words` with commas between them.
std::string Joined(const std::vector<std::string>& words, std::string_view comma = ", ");

}  // namespace brahe
