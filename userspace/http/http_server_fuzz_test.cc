#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/fuzz.h"
#include "userspace/http/http_server.h"
#include "userspace/http/test_client.h"

namespace brahe::http {
namespace {

const std::vector<std::string> kCorpus = {
    "GET / HTTP/1.1\r\nHost: test\r\n\r\n",
    "GET /metrics?collect[]=x&a=%41%zz HTTP/1.1\r\nHost: test\r\nAccept: text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n"
    "Accept-Encoding: gzip\r\nUser-Agent: Prometheus/2.42.0\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n",
    "HEAD /%2e%2e/a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc",
    "GET / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n0123456789",
    "GET / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\n01234\r\nffffffffffffffff\r\n0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: test\r\n folded: line\r\nCookie: a=b; c=\"d\r\nAuthorization: Basic YTpi\r\n\r\n",
    "GET http://test/ HTTP/1.1\nHost: test\n\nGET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n",
    std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\r\n", 14),
};

// A connection on which one text is sent.
class Talk {
 public:
  Talk(uint16_t port, const std::string& text) : client_(port) {
    // No port is left behind that waits for late packets.
    const linger none = {.l_onoff = 1, .l_linger = 0};
    setsockopt(client_.fd(), SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    // The server reads no more while it has something to say.
    for (std::string_view left = text; !left.empty(); Read()) {
      const ssize_t sent = send(client_.fd(), left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno != EAGAIN) return;
      if (sent > 0) left.remove_prefix(static_cast<size_t>(sent));
    }
  }

  // What has come so far.
  const std::string& Read() {
    char buffer[65536];
    ssize_t size;
    while ((size = recv(client_.fd(), buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
      answer_.append(buffer, static_cast<size_t>(size));
    }
    return answer_;
  }

 private:
  const TestClient client_;
  std::string answer_;
};

// The length of the path decides how it is answered.
void Answer(const HttpRequest& request, Responder responder) {
  ASSERT_TRUE(request.method == "GET" || request.method == "HEAD");
  switch (request.path.size() % 3) {
    case 0:
      return;  // dropped
    case 1:
      return responder.Send({.body = request.path});
    default:
      responder.Send({.read = [left = size_t{100'000}](char*, size_t capacity) mutable {
        const size_t size = std::min(left, capacity);
        left -= size;
        return size;
      }});
  }
}

TEST(HttpServerFuzz, WhateverComesTheNextRequestIsAnswered) {
  const auto server = StartHttpServer(*ListenOn({"127.0.0.1:0"}), {}, Answer);
  ASSERT_TRUE(server) << server.error().message;
  const uint16_t port = (*server)->ports()[0];
  // Many are open at a time, because most of the texts are no whole requests and the server waits for the rest.
  constexpr size_t kOpen = 64;
  std::deque<Talk> talks;
  int texts = 0;
  int answers = 0;
  Fuzz(kCorpus, [&](const std::string& text) {
    talks.emplace_back(port, text);
    if (++texts % 100 == 0) {
      ASSERT_EQ(Request(port, "GET", "/").status, 200);
    }
    if (talks.size() < kOpen) return;
    const std::string& answer = talks.front().Read();
    ASSERT_TRUE(answer.empty() || answer.starts_with("HTTP/1.")) << answer.substr(0, 200);
    if (!answer.empty()) ++answers;
    talks.pop_front();
  });
  EXPECT_GT(answers, texts / 2);
}

}  // namespace
}  // namespace brahe::http
