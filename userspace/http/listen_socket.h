#pragma once

#include <netdb.h>

#include <cstdint>
#include <string>
#include <vector>

#include "userspace/base/file.h"
#include "userspace/base/result.h"

namespace brahe::http {

// A listening, non-blocking, close-on-exec TCP socket.
struct ListenSocket {
  UniqueFd fd;
  uint16_t port = 0;  // the actual one
};

// The one of a name's addresses that is listened on: the first of IPv4, else the first, as servers in Go do it, and so
// as scrape configurations expect: the usual /etc/hosts has localhost twice, and the resolver names ::1 first.
const addrinfo* PreferredAddress(const addrinfo* list);

// `address` is "host:port", "[v6 address]:port" or ":port", which is every address of both families; port 0 takes any
// free one. Of a host with several addresses PreferredAddress is taken. The Error names the address, the reason and the
// remedy.
Result<ListenSocket> Listen(const std::string& address);
// Of all `addresses`, in their order, or the first Error.
Result<std::vector<ListenSocket>> ListenOn(const std::vector<std::string>& addresses);

// Takes over sockets that somebody else listens on, a service manager. The Error names what is none.
Result<std::vector<ListenSocket>> TakeOver(std::vector<UniqueFd> fds);

}  // namespace brahe::http
