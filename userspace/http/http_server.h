#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/http/http_limits.h"
#include "userspace/http/http_message.h"
#include "userspace/http/listen_socket.h"

namespace brahe::http {

class TlsContext;

struct HttpServerOptions {
  HttpLimits limits = {};
  // One at least serves connections; another accepts them.
  size_t threads = 2;
  // Those that other servers of this process may have, which are left to them.
  unsigned other_connections = 0;
  // Null serves plain HTTP. Otherwise it is called for each connection, by several threads at a time, and must not
  // block; what it gives is kept for as long as the connection lasts. If it gives null, the connection is closed.
  std::function<std::shared_ptr<const TlsContext>()> tls = {};
};

// An HTTP/1.1 server with a few threads of its own. Destroying it answers 503 to what waits for an answer, closes all
// connections and waits for handlers that run. Responders may be used after it.
class HttpServer {
 public:
  virtual ~HttpServer() = default;
  // The ports that are listened on, in the order of the sockets; 0 for a Unix socket.
  [[nodiscard]] virtual std::vector<uint16_t> ports() const = 0;
};

// Serves on `sockets` until the result is destroyed. Raises the process' soft limit of open files where it is too low
// for the connections, and has fewer connections where that does not do; without any it is an Error.
Result<std::unique_ptr<HttpServer>> StartHttpServer(std::vector<ListenSocket> sockets, const HttpServerOptions& options,
                                                    HttpHandler handler);

}  // namespace brahe::http
