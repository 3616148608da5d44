#pragma once

#include <cstdint>
#include <string>

#include "userspace/base/file.h"
#include "userspace/base/result.h"

namespace brahe {

// A listening, non-blocking, close-on-exec TCP socket.
struct ListenSocket {
  UniqueFd fd;
  uint16_t port = 0;  // the actual one
};

// `address` is "host:port", "[v6 address]:port" or ":port", which is every address of both families; port 0 takes any
// free one. The Error names the address, the reason and the remedy.
Result<ListenSocket> Listen(const std::string& address);

}  // namespace brahe
