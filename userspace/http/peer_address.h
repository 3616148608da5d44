#pragma once

#include <sys/socket.h>

#include <string>

namespace brahe::http {

// "192.0.2.1", also of a client of IPv4 at a socket of both families, or "2001:db8::1". Empty for null and for another
// family.
std::string PeerAddress(const sockaddr* address);

}  // namespace brahe::http
