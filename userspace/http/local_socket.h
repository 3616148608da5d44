#pragma once

#include <string>

#include "userspace/base/result.h"
#include "userspace/http/listen_socket.h"

namespace brahe::http {

// Listens on a Unix socket at `path`, to which anybody may connect, whatever the umask is: who may ask is for the
// server to tell by LocalPeer. A socket there that nobody listens on any more is replaced. The Error names what is in
// the way, which is left as it is, and the remedy.
Result<ListenSocket> ListenLocally(const std::string& path);

}  // namespace brahe::http
