#pragma once

#include <string_view>

#include "userspace/exposition/exposition.h"

namespace brahe::exporter {

// What a client asks for (RFC 9110, section 12.5). Each takes the header's value, empty where there is none; what is
// malformed in it counts as not said.

// What is wanted most of what is served: delimited protocol buffers, OpenMetrics in a version that is served, and text
// 0.0.4; of those that are wanted as much the first of these. Text for who names none of them.
exposition::ExpositionFormat FormatFor(std::string_view accept);

// Whether gzip may be used.
bool TakesGzip(std::string_view accept_encoding);

}  // namespace brahe::exporter
