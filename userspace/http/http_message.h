#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "userspace/http/local_peer.h"

namespace brahe::http {

struct HttpRequest {
  std::string method;                          // GET or HEAD
  std::string path;                            // without its query
  std::map<std::string, std::string> headers;  // names in lower case; several of one name are joined with ", "
  // The client's address, "192.0.2.1" or "2001:db8::1", or at a Unix socket "uid 1000"; empty: not known.
  std::string peer = {};
  std::optional<LocalPeer> local = {};  // who asks at a Unix socket
  // The query's, name and value, decoded and in their order; a name without "=" has an empty value.
  std::vector<std::pair<std::string, std::string>> arguments = {};
  // Expires when the connection has closed. That of another connection compares differently by owner.
  std::weak_ptr<const void> connection = {};
};

// The value of a header, `name` in lower case; empty where there is none.
inline std::string_view HeaderOf(const HttpRequest& request, const std::string& name) {
  const auto header = request.headers.find(name);
  return header != request.headers.end() ? std::string_view(header->second) : std::string_view();
}

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};  // more of them
  // If set, it gives the body in place of `body`: it writes the next bytes, at most `capacity`, and returns how many; 0
  // is the end. Called by one thread, and not at all for HEAD; destroyed with the response, whether the client has read
  // it to its end or not.
  std::function<size_t(char* buffer, size_t capacity)> read = {};
  // If set, it is called once by the connection's thread when all of the response has been handed to the network,
  // before the connection's next request is read. Not called where that fails, or where the response is not sent at
  // all.
  std::function<void()> delivered = {};
};

// A `read` that gives `text`.
inline std::function<size_t(char* buffer, size_t capacity)> ReaderOf(std::string text) {
  return [text = std::move(text), offset = size_t{0}](char* buffer, size_t capacity) mutable {
    const size_t size = text.copy(buffer, capacity, offset);
    offset += size;
    return size;
  };
}

// The right to answer one request, at once or later. One owner at a time, in any thread; may outlive the server. If it
// is destroyed unused, the answer is 500.
class Responder {
 public:
  // Hands the answer to `send`, which is called once.
  explicit Responder(std::function<void(HttpResponse)> send) : send_(std::move(send)) {}
  Responder(Responder&& other) noexcept : send_(std::exchange(other.send_, nullptr)) {}
  Responder& operator=(Responder&& other) noexcept {
    std::swap(send_, other.send_);
    return *this;
  }
  ~Responder() { Send({.status = 500, .body = "the request was dropped\n"}); }

  // Only the first call does anything.
  void Send(HttpResponse response) {
    if (const auto send = std::exchange(send_, nullptr)) send(std::move(response));
  }

 private:
  std::function<void(HttpResponse)> send_;
};

// Answers a request. Called by several threads at a time; must not block, because other connections wait meanwhile.
using HttpHandler = std::function<void(const HttpRequest& request, Responder responder)>;

}  // namespace brahe::http
