#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"

namespace brahe {

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  // If set, it gives the body in place of `body`: it writes the next bytes, at most `capacity`, and returns how many; 0
  // is the end. Called by one thread; destroyed with the response, whether the client has read it to its end or not.
  std::function<size_t(char* buffer, size_t capacity)> read = {};
};

// Answers a GET or HEAD of `path`, which comes without its query. Called by many threads at a time; may block without
// holding up other requests.
using HttpHandler = std::function<HttpResponse(std::string_view path)>;

struct HttpServerOptions {
  std::vector<std::string> addresses = {};  // see Listen
  unsigned max_connections = 128;           // for each address; one more is closed at once
  unsigned idle_seconds = 10;               // a connection on which nothing moves that long is closed
};

// An HTTP/1.1 server with threads of its own. Destroying it closes all connections and waits for handlers that run.
class HttpServer {
 public:
  virtual ~HttpServer() = default;
  // The ports that are listened on, in the order of the addresses.
  [[nodiscard]] virtual std::vector<uint16_t> ports() const = 0;
};

// Serves until the result is destroyed. The Error is that of Listen.
Result<std::unique_ptr<HttpServer>> StartHttpServer(const HttpServerOptions& options, HttpHandler handler);

}  // namespace brahe
