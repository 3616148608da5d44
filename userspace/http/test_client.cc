#include "userspace/http/test_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cstdlib>

namespace brahe::http {
namespace {

std::string JoinChunks(std::string_view chunked) {
  std::string joined;
  while (!chunked.empty()) {
    const size_t size = std::strtoul(std::string(chunked.substr(0, 16)).c_str(), nullptr, 16);
    if (size == 0) break;
    chunked.remove_prefix(std::min(chunked.size(), chunked.find("\r\n") + 2));
    joined.append(chunked.substr(0, size));
    chunked.remove_prefix(std::min(chunked.size(), size + 2));
  }
  return joined;
}

// Closed where nobody listens.
template <typename Address>
UniqueFd ConnectTo(int family, const Address& address) {
  UniqueFd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) fd.Reset();
  return fd;
}

TestResponse Ask(const TestClient& client, const std::string& method, const std::string& target) {
  client.Send(method + " " + target + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  return ParseResponse(client.ReadAll());
}

}  // namespace

TestClient::TestClient(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  fd_ = ConnectTo(AF_INET, address);
}

TestClient::TestClient(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path.copy(&address.sun_path[0], sizeof(address.sun_path) - 1);
  fd_ = ConnectTo(AF_UNIX, address);
}

void TestClient::Send(std::string_view bytes) const {
  (void)!send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

std::string TestClient::Read(size_t size) const {
  std::string bytes(size, '\0');
  size_t got = 0;
  while (got < size) {
    const ssize_t n = recv(fd_.get(), bytes.data() + got, size - got, 0);
    if (n <= 0) break;
    got += static_cast<size_t>(n);
  }
  bytes.resize(got);
  return bytes;
}

std::string TestClient::ReadAll() const {
  std::string all;
  for (std::string part = Read(65536); !part.empty(); part = Read(65536)) all += part;
  return all;
}

TestResponse Request(uint16_t port, const std::string& method, const std::string& target) {
  return Ask(TestClient(port), method, target);
}

TestResponse Request(const std::string& socket_path, const std::string& method, const std::string& target) {
  return Ask(TestClient(socket_path), method, target);
}

TestResponse ParseResponse(const std::string& bytes) {
  const size_t head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string::npos) return {};
  TestResponse response{.status = std::atoi(bytes.substr(9, 3).c_str()),
                        .head = bytes.substr(0, head_end + 2),
                        .body = bytes.substr(head_end + 4)};
  if (response.head.find("Transfer-Encoding: chunked") != std::string::npos) response.body = JoinChunks(response.body);
  return response;
}

}  // namespace brahe::http
