#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "userspace/base/file.h"

namespace brahe::http {

// A blocking connection for tests, to 127.0.0.1 or to a Unix socket; gives up after 20 s without a byte.
class TestClient {
 public:
  explicit TestClient(uint16_t port);
  explicit TestClient(const std::string& socket_path);

  void Send(std::string_view bytes) const;
  // At most `size` bytes; fewer only at the end of the stream.
  std::string Read(size_t size) const;
  // All until the server closes.
  std::string ReadAll() const;
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
};

struct TestResponse {
  int status = 0;  // 0: none came
  std::string head;
  std::string body;  // without the chunks' sizes
};

// Asks 127.0.0.1, or a Unix socket, for `target` on a connection of its own.
TestResponse Request(uint16_t port, const std::string& method, const std::string& target);
TestResponse Request(const std::string& socket_path, const std::string& method, const std::string& target);

// The response that `bytes` are.
TestResponse ParseResponse(const std::string& bytes);

}  // namespace brahe::http
