#pragma once

#include <string>
#include <string_view>

namespace brahe::http {

// The content of a whole gzip file (RFC 1952) that this program has made itself: dies of one that is none.
std::string Gunzip(std::string_view gzip);

}  // namespace brahe::http
