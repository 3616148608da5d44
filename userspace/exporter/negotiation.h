#pragma once

#include <string_view>

#include "userspace/exposition/exposition.h"

namespace brahe::exporter {

// What a client asks for (RFC 9110, section 12.5). Each takes the header's value, empty where there is none; what is
// malformed in it counts as not said.

// OpenMetrics for those who want it, in a version that is served, at least as much as plain text; else text 0.0.4.
exposition::ExpositionFormat FormatFor(std::string_view accept);

// Whether gzip may be used.
bool TakesGzip(std::string_view accept_encoding);

}  // namespace brahe::exporter
