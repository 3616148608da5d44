#include "userspace/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include "userspace/http/test_client.h"

namespace brahe::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kGetClose[] = "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
constexpr char kGetKeep[] = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

std::unique_ptr<HttpServer> Start(HttpHandler handler, const std::vector<std::string>& addresses = {"127.0.0.1:0"}) {
  auto server = StartHttpServer(*ListenOn(addresses), {}, std::move(handler));
  if (!server) ADD_FAILURE() << server.error().message;
  return server ? std::move(*server) : nullptr;
}

// A handler that answers at once.
HttpHandler AtOnce(std::function<HttpResponse(const HttpRequest&)> answer) {
  return [answer = std::move(answer)](const HttpRequest& request, Responder responder) {
    responder.Send(answer(request));
  };
}

void Echo(const HttpRequest& request, Responder responder) { responder.Send({.body = request.path + "\n"}); }

// A body of `size` bytes that says when it is destroyed.
HttpResponse Stream(size_t size, std::shared_ptr<std::promise<void>> destroyed) {
  struct State {
    size_t left;
    std::shared_ptr<std::promise<void>> destroyed;
    ~State() {
      if (destroyed) destroyed->set_value();
    }
  };
  const std::shared_ptr<State> state(new State{size, std::move(destroyed)});
  return {.read = [state](char* buffer, size_t capacity) {
    const size_t n = std::min(capacity, state->left);
    std::fill_n(buffer, n, 'x');
    state->left -= n;
    return n;
  }};
}

TEST(HttpServer, AnswersGetAndIgnoresTheQuery) {
  const auto server = Start(Echo);
  const TestResponse response = Request(server->ports()[0], "GET", "/a/b?c=d&e");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "/a/b\n");
  EXPECT_THAT(response.head, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
  EXPECT_THAT(response.head, HasSubstr("Content-Length: 5\r\n"));
}

TEST(HttpServer, AnswersHeadWithoutABody) {
  const auto server = Start(Echo);
  const TestResponse response = Request(server->ports()[0], "HEAD", "/a/b");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  EXPECT_THAT(response.head, HasSubstr("Content-Length: 5\r\n"));
}

TEST(HttpServer, RefusesOtherMethodsAndSaysWhichItKnows) {
  const auto server = Start(Echo);
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    const TestResponse response = Request(server->ports()[0], method, "/");
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_THAT(response.head, HasSubstr("Allow: GET, HEAD\r\n")) << method;
  }
}

TEST(HttpServer, RefusesAnUploadBeforeItComes) {
  const auto server = Start(Echo);
  const TestClient client(server->ports()[0]);
  client.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\nabc");
  EXPECT_THAT(client.Read(12), HasSubstr("405"));
}

TEST(HttpServer, DropsTheBodyOfAGet) {
  const auto server = Start(Echo);
  const TestClient client(server->ports()[0]);
  client.Send("GET /x HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(ParseResponse(client.ReadAll()).body, "/x\n");
}

TEST(HttpServer, KeepsAConnectionForTheNextRequest) {
  const auto server = Start(Echo);
  const TestClient client(server->ports()[0]);
  client.Send(kGetKeep);
  while (client.Read(1) != "\n") {
  }
  client.Send(kGetClose);
  EXPECT_THAT(client.ReadAll(), HasSubstr("HTTP/1.1 200"));
}

TEST(HttpServer, StreamsABodyOfUnknownSizeInChunksAndFreesIt) {
  const auto destroyed = std::make_shared<std::promise<void>>();
  std::atomic<size_t> largest = 0;
  const auto server = Start(AtOnce([&](const HttpRequest&) {
    HttpResponse response = Stream(1'000'000, destroyed);
    response.read = [&largest, read = std::move(response.read)](char* buffer, size_t capacity) {
      largest = std::max(largest.load(), capacity);
      return read(buffer, capacity);
    };
    return response;
  }));
  const TestResponse response = Request(server->ports()[0], "GET", "/");
  EXPECT_THAT(response.head, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_EQ(response.body, std::string(1'000'000, 'x'));
  EXPECT_EQ(destroyed->get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_GT(largest, 16'000U) << "small blocks cost a system call each";
  EXPECT_LE(largest, 64'000U);
}

TEST(HttpServer, StreamsToAClientOfHttp10WithoutChunks) {
  const auto server = Start(AtOnce([](const HttpRequest&) { return Stream(100'000, nullptr); }));
  const TestClient client(server->ports()[0]);
  client.Send("GET / HTTP/1.0\r\n\r\n");
  const TestResponse response = ParseResponse(client.ReadAll());
  EXPECT_THAT(response.head, Not(HasSubstr("chunked")));
  EXPECT_EQ(response.body.size(), 100'000U);
}

TEST(HttpServer, FreesABodyWhoseClientLeavesInTheMiddle) {
  const auto destroyed = std::make_shared<std::promise<void>>();
  const auto server = Start(AtOnce([&](const HttpRequest&) { return Stream(SIZE_MAX, destroyed); }));
  {
    const TestClient client(server->ports()[0]);
    client.Send(kGetClose);
    EXPECT_EQ(client.Read(100'000).size(), 100'000U);
  }
  EXPECT_EQ(destroyed->get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(HttpServer, GivesTheHandlerTheRequest) {
  HttpRequest seen;
  const auto server = Start([&](const HttpRequest& request, Responder responder) {
    seen = request;
    responder.Send({});
  });
  const TestClient client(server->ports()[0]);
  client.Send(
      "HEAD /p?q=1&a%5B%5D=b%26+c&q&=%00x HTTP/1.1\r\nHost: test\r\nACCEPT: a\r\nAccept: b\r\nEmpty:\r\nConnection: "
      "close\r\n\r\n");
  client.ReadAll();
  EXPECT_EQ(seen.method, "HEAD");
  EXPECT_EQ(seen.path, "/p");
  const std::map<std::string, std::string> headers = {
      {"host", "test"}, {"accept", "a, b"}, {"empty", ""}, {"connection", "close"}};
  EXPECT_EQ(seen.headers, headers);
  EXPECT_EQ(seen.peer, "127.0.0.1");
  const std::vector<std::pair<std::string, std::string>> arguments = {
      {"q", "1"}, {"a[]", "b& c"}, {"q", ""}, {"", std::string("\0x", 2)}};
  EXPECT_EQ(seen.arguments, arguments);
}

TEST(HttpServer, SendsMoreHeaders) {
  const auto server = Start(AtOnce([](const HttpRequest&) {
    return HttpResponse{.status = 401, .headers = {{"X-A", "1"}, {"X-B", "2, 3"}}};
  }));
  const TestResponse response = Request(server->ports()[0], "GET", "/");
  EXPECT_EQ(response.status, 401);
  EXPECT_THAT(response.head, HasSubstr("X-A: 1\r\n"));
  EXPECT_THAT(response.head, HasSubstr("X-B: 2, 3\r\n"));
  EXPECT_THAT(response.head, HasSubstr("Date: "));
}

TEST(HttpServer, DoesNotReadAStreamedBodyForHead) {
  std::atomic<int> reads = 0;
  const auto server = Start(AtOnce([&](const HttpRequest&) {
    return HttpResponse{.read = [&](char*, size_t) { return static_cast<size_t>(++reads, 0); }};
  }));
  const TestResponse response = Request(server->ports()[0], "HEAD", "/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(reads, 0);
}

// Answers each request from a thread of its own, which may be before the handler returns or after that.
class Deferred {
 public:
  ~Deferred() { Join(); }
  void operator()(const HttpRequest& request, Responder responder) {
    auto owner = std::make_shared<Responder>(std::move(responder));
    const std::lock_guard lock(mutex_);
    const int delay_us = static_cast<int>(threads_.size() % 4) * 20;
    threads_.emplace_back([path = request.path, owner, delay_us] {
      if (delay_us > 0) std::this_thread::sleep_for(std::chrono::microseconds(delay_us));
      owner->Send({.body = path + "\n"});
    });
    if (threads_.size() % 4 == 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  void Join() {
    const std::lock_guard lock(mutex_);
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

TEST(HttpServer, TakesAnswersFromOtherThreadsWheneverTheyCome) {
  Deferred deferred;
  const auto server = Start(std::ref(deferred));
  std::vector<std::future<int>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::async(std::launch::async, [&] {
      const TestClient client(server->ports()[0]);
      int right = 0;
      for (int n = 0; n < 100; ++n) {
        client.Send(n == 99 ? kGetClose : kGetKeep);
        std::string head;
        while (head.find("\r\n\r\n") == std::string::npos) {
          const std::string byte = client.Read(1);
          if (byte.empty()) return right;
          head += byte;
        }
        if (client.Read(2) == "/\n") ++right;
      }
      return right;
    }));
  }
  for (auto& client : clients) EXPECT_EQ(client.get(), 100);
}

TEST(HttpServer, StreamsAnAnswerThatCameLater) {
  std::promise<Responder> given;
  const auto server = Start([&](const HttpRequest&, Responder responder) { given.set_value(std::move(responder)); });
  auto response = std::async(std::launch::async, [&] { return Request(server->ports()[0], "GET", "/"); });
  Responder responder = given.get_future().get();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  responder.Send(Stream(1'000'000, nullptr));
  responder.Send({.status = 404});
  EXPECT_EQ(response.get().body.size(), 1'000'000U);
}

TEST(HttpServer, AnswersThatTheServerFailedIfNobodyAnswers) {
  const auto server = Start([](const HttpRequest&, const Responder&) {});
  EXPECT_EQ(Request(server->ports()[0], "GET", "/").status, 500);
}

TEST(HttpServer, RefusesWhatWaitsWhenItStopsAndIgnoresLaterAnswers) {
  std::mutex mutex;
  std::vector<Responder> responders;
  std::atomic<int> waiting = 0;
  auto server = Start([&](const HttpRequest&, Responder responder) {
    const std::lock_guard lock(mutex);
    responders.push_back(std::move(responder));
    ++waiting;
  });
  const uint16_t port = server->ports()[0];
  std::vector<std::future<TestResponse>> clients;
  for (int i = 0; i < 10; ++i)
    clients.push_back(std::async(std::launch::async, [=] { return Request(port, "GET", "/"); }));
  while (waiting < 10) std::this_thread::yield();
  server.reset();
  for (auto& client : clients) EXPECT_EQ(client.get().status, 503);
  for (Responder& responder : responders) responder.Send({});
}

TEST(HttpServer, StopsWhileAnswersCome) {
  for (int round = 0; round < 20; ++round) {
    Deferred deferred;
    auto server = Start(std::ref(deferred));
    const uint16_t port = server->ports()[0];
    std::vector<std::future<TestResponse>> clients;
    for (int i = 0; i < 8; ++i) {
      clients.push_back(std::async(std::launch::async, [=] { return Request(port, "GET", "/"); }));
    }
    std::this_thread::sleep_for(std::chrono::microseconds(round * 50));
    server.reset();
    for (auto& client : clients) {
      const int status = client.get().status;
      EXPECT_TRUE(status == 200 || status == 503 || status == 0) << status;
    }
  }
}

TEST(HttpServer, ListensOnAllAddressesAtOnce) {
  const auto server = Start(Echo, {"127.0.0.1:0", "127.0.0.2:0", "127.0.0.1:0"});
  const std::vector<uint16_t> ports = server->ports();
  ASSERT_EQ(ports.size(), 3U);
  EXPECT_EQ(Request(ports[0], "GET", "/").status, 200);
  EXPECT_EQ(Request(ports[2], "GET", "/").status, 200);
  EXPECT_EQ(Request(ports[1], "GET", "/").status, 0) << "127.0.0.2 is not 127.0.0.1";
}

TEST(HttpServer, ListensOnEveryAddressIfOnlyAPortIsGiven) {
  const auto server = Start(Echo, {":0"});
  EXPECT_EQ(Request(server->ports()[0], "GET", "/").status, 200) << "IPv4";
  const UniqueFd fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(server->ports()[0]);
  address.sin6_addr = in6addr_loopback;
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT) GTEST_SKIP() << "no IPv6 here";
    FAIL() << "IPv6: " << errno;
  }
  const std::string request = kGetClose;
  ASSERT_EQ(send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  char answer[12];
  ASSERT_EQ(recv(fd.get(), answer, sizeof(answer), MSG_WAITALL), static_cast<ssize_t>(sizeof(answer)));
  EXPECT_EQ(std::string(answer, sizeof(answer)), "HTTP/1.1 200");
}

TEST(HttpServer, TellsWhoAsks) {
  const auto server =
      Start(AtOnce([](const HttpRequest& request) { return HttpResponse{.body = request.peer}; }), {":0"});
  EXPECT_EQ(Request(server->ports()[0], "GET", "/").body, "127.0.0.1") << "and not ::ffff:127.0.0.1";
}

TEST(HttpServer, TellsWhichRequestsAreOfOneConnectionAndWhenItHasClosed) {
  std::vector<std::weak_ptr<const void>> seen;
  const auto server = Start(AtOnce([&](const HttpRequest& request) {
    seen.push_back(request.connection);
    return HttpResponse{.body = "!"};
  }));
  const TestClient other(server->ports()[0]);
  {
    const TestClient client(server->ports()[0]);
    for (const TestClient* each : {&client, &client, &other}) {
      each->Send(kGetKeep);
      while (each->Read(1) != "!") {
      }
    }
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_FALSE(seen[0].owner_before(seen[1]) || seen[1].owner_before(seen[0]));
    EXPECT_TRUE(seen[0].owner_before(seen[2]) || seen[2].owner_before(seen[0]));
    EXPECT_FALSE(seen[0].expired());
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!seen[0].expired() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(seen[0].expired());
  EXPECT_FALSE(seen[2].expired());
}

TEST(HttpServer, SaysWhenAResponseHasGone) {
  std::promise<void> delivered;
  const auto server = Start(AtOnce([&](const HttpRequest&) {
    HttpResponse response = Stream(1'000'000, nullptr);
    response.delivered = [&] { delivered.set_value(); };
    return response;
  }));
  EXPECT_EQ(Request(server->ports()[0], "GET", "/").body.size(), 1'000'000U);
  EXPECT_EQ(delivered.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(HttpServer, DoesNotSayThatAResponseHasGoneWhoseClientLeft) {
  std::atomic<bool> delivered = false;
  std::weak_ptr<const void> connection;
  const auto server = Start(AtOnce([&](const HttpRequest& request) {
    connection = request.connection;
    HttpResponse response = Stream(SIZE_MAX, nullptr);
    response.delivered = [&] { delivered = true; };
    return response;
  }));
  {
    const TestClient client(server->ports()[0]);
    client.Send(kGetKeep);
    EXPECT_EQ(client.Read(100'000).size(), 100'000U);
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!connection.expired() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(connection.expired());
  EXPECT_FALSE(delivered);
}

TEST(HttpServer, StopsWithConnectionsOpen) {
  auto server = Start(AtOnce([](const HttpRequest&) { return Stream(SIZE_MAX, nullptr); }));
  const TestClient idle(server->ports()[0]);
  const TestClient reading(server->ports()[0]);
  reading.Send(kGetClose);
  EXPECT_EQ(reading.Read(1000).size(), 1000U);
  server.reset();
  EXPECT_EQ(idle.ReadAll(), "");
}

}  // namespace
}  // namespace brahe::http
