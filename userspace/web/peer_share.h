#pragma once

#include <string>

namespace brahe::web {

// Whose share a client at `address` takes where shares are fair: the address itself, or of IPv6 its network of 64 bits,
// because whoever has one such address has 2^64 of them.
std::string ShareOf(const std::string& address);

}  // namespace brahe::web
