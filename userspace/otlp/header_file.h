#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"

namespace brahe::otlp {

// Header lines "Name: value" of a file, one a line; lines that are empty or begin with # say nothing. An Error names
// the file, the line and what is wrong, and never quotes what may be a secret.
Result<std::vector<std::string>> ReadHeaderFile(const std::string& path);

// The same of its content.
Result<std::vector<std::string>> ParseHeaders(std::string_view content, const std::string& path);

}  // namespace brahe::otlp
