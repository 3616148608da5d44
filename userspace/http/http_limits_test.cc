#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <future>
#include <iterator>
#include <memory>
#include <thread>
#include <vector>

#include "userspace/http/http_server.h"
#include "userspace/http/test_client.h"

namespace brahe::http {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

std::unique_ptr<HttpServer> Start(HttpLimits limits, HttpHandler handler) {
  auto server = StartHttpServer(*ListenOn({"127.0.0.1:0"}), {.limits = limits}, std::move(handler));
  if (!server) ADD_FAILURE() << server.error().message;
  return server ? std::move(*server) : nullptr;
}

void Ok(const HttpRequest&, Responder responder) { responder.Send({.body = "ok\n"}); }

// A body without end.
void Endless(const HttpRequest&, Responder responder) {
  responder.Send({.read = [](char* buffer, size_t capacity) {
    std::fill_n(buffer, capacity, 'x');
    return capacity;
  }});
}

std::string Head(const TestClient& client) { return client.Read(12); }

using Connections = std::vector<std::unique_ptr<TestClient>>;

Connections Connect(uint16_t port, int count) {
  Connections connections;
  for (int i = 0; i < count; ++i) connections.push_back(std::make_unique<TestClient>(port));
  return connections;
}

TEST(HttpLimits, AFirstRequestThatDribblesInIsEnded) {
  const auto server = Start({.first_request = Milliseconds(200)}, Ok);
  const TestClient slow(server->ports()[0]);
  const TestClient silent(server->ports()[0]);
  std::atomic<bool> ended = false;
  std::thread dribble([&] {
    slow.Send("GET / HTTP/1.1\r\n");
    while (!ended) {
      slow.Send("a: b\r\n");
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  EXPECT_EQ(silent.ReadAll(), "");
  EXPECT_EQ(slow.ReadAll(), "");
  ended = true;
  dribble.join();
}

TEST(HttpLimits, AnIdleConnectionIsEnded) {
  const auto server = Start({.idle = Milliseconds(200)}, Ok);
  const TestClient client(server->ports()[0]);
  client.Send(kGet);
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 200"));
}

TEST(HttpLimits, AnAnswerThatIsNotReadIsEnded) {
  const auto server = Start({.answer = Milliseconds(200)}, Endless);
  const TestClient client(server->ports()[0]);
  client.Send(kGet);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 200"));
}

TEST(HttpLimits, ARequestThatNobodyAnswersIsEnded) {
  std::vector<Responder> kept;
  const auto server = Start({.answer = Milliseconds(200)},
                            [&](const HttpRequest&, Responder responder) { kept.push_back(std::move(responder)); });
  const TestClient client(server->ports()[0]);
  client.Send(kGet);
  EXPECT_EQ(client.ReadAll(), "");
}

TEST(HttpLimits, AGoodClientIsServedThoughAllPlacesAreTakenBySilentOnes) {
  const auto server = Start({.connections = 8}, Ok);
  const Connections silent = Connect(server->ports()[0], 8);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Request(server->ports()[0], "GET", "/").status, 200);
  EXPECT_EQ(silent[0]->ReadAll(), "") << "the one that waited longest gave its place";
}

TEST(HttpLimits, AClientThatIsAnsweredKeepsItsPlaceForAWhile) {
  const auto server = Start({.connections = 1, .giving_way = Milliseconds(300)}, Endless);
  const TestClient reading(server->ports()[0]);
  reading.Send(kGet);
  EXPECT_THAT(Head(reading), HasSubstr("200"));
  EXPECT_EQ(Request(server->ports()[0], "GET", "/").status, 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const TestClient next(server->ports()[0]);
  next.Send(kGet);
  EXPECT_THAT(Head(next), HasSubstr("200"));
  EXPECT_GT(reading.ReadAll().size(), 0U);
}

TEST(HttpLimits, ACrowdOfHalfOpenConnectionsDoesNotKeepAGoodClientOut) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const auto server = Start({}, Ok);
  const uint16_t port = server->ports()[0];
  std::atomic<bool> over = false;
  auto good = std::async(std::launch::async, [&] {
    int failed = 0;
    while (!over) failed += Request(port, "GET", "/").status != 200;
    return failed;
  });
  Connections half_open;
  for (int i = 0; i < 2000; ++i) {
    half_open.push_back(std::make_unique<TestClient>(port));
    if (i % 2 == 0) half_open.back()->Send("GET / HTTP/1.1\r\nHost:");
  }
  over = true;
  EXPECT_EQ(good.get(), 0);
  EXPECT_EQ(half_open[0]->ReadAll(), "");
}

TEST(HttpLimits, ItWaitsForADescriptorWhereThereIsNone) {
  const auto server = Start({.connections = 4}, Ok);
  const TestClient client(server->ports()[0]);
  client.Send(kGet);
  EXPECT_THAT(Head(client), HasSubstr("200"));
  const UniqueFd other(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  const rlimit few = {.rlim_cur = static_cast<rlim_t>(other.get()) + 1, .rlim_max = files.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  getpeername(client.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  EXPECT_EQ(connect(other.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  client.ReadAll();  // the idle one gives its descriptor
  EXPECT_EQ(send(other.get(), kGet, sizeof(kGet) - 1, MSG_NOSIGNAL), static_cast<ssize_t>(sizeof(kGet) - 1));
  char answer[12] = {};
  EXPECT_EQ(recv(other.get(), answer, sizeof(answer), MSG_WAITALL), static_cast<ssize_t>(sizeof(answer)));
  setrlimit(RLIMIT_NOFILE, &files);
  EXPECT_EQ(std::string(answer, sizeof(answer)), "HTTP/1.1 200");
}

TEST(HttpLimits, RefusesAHugeBody) {
  const auto server = Start({}, Ok);
  for (const char* header :
       {"Content-Length: 65537", "Content-Length: 18446744073709551615", "Transfer-Encoding: chunked"}) {
    const TestClient client(server->ports()[0]);
    client.Send(std::string("GET / HTTP/1.1\r\nHost: test\r\n") + header + "\r\n\r\n");
    const std::string answer = client.ReadAll();
    EXPECT_THAT(answer, HasSubstr("HTTP/1.1 413")) << header;
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n")) << header;
  }
  const TestClient client(server->ports()[0]);
  client.Send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: 65536\r\n\r\n" +
              std::string(65536, 'x'));
  EXPECT_THAT(client.ReadAll(), HasSubstr("HTTP/1.1 200"));
}

TEST(HttpLimits, RefusesAMegabyteOfHeaders) {
  const auto server = Start({}, Ok);
  const std::string megabyte(1'000'000, 'x');
  for (const std::string& head : {"GET /" + megabyte, "GET / HTTP/1.1\r\na: " + megabyte, megabyte}) {
    const TestClient client(server->ports()[0]);
    client.Send(head + "\r\n\r\n");
    // The close of a socket with bytes unread may overtake the answer.
    EXPECT_THAT(client.ReadAll(), AnyOf("", StartsWith("HTTP/1.1 4"))) << head.substr(0, 20);
    EXPECT_EQ(Request(server->ports()[0], "GET", "/").status, 200);
  }
}

TEST(HttpLimits, RefusesWhatTwoReadersCouldReadDifferently) {
  using std::string_literals::operator""s;  // with what stands behind a NUL
  const auto server = Start({}, Ok);
  const std::string requests[] = {
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "GET / HTTP/1.1\r\nHost: a\r\ncontent-length: 0\r\nContent-Length: 28\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n",
      "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\nConnection: Keep-Alive\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "GET /\0x HTTP/1.1\r\nHost: a\r\n\r\n"s,
      "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s,
      "GET /\0HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n"s,
      "GET /?a=\0 HTTP/1.1\r\nHost: a\r\n\r\n"s,
      "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /%00x?a HTTP/1.1\r\nHost: a\r\n\r\n",
  };
  for (const std::string& request : requests) {
    const TestClient client(server->ports()[0]);
    client.Send(request);
    const std::string answer = client.ReadAll();  // to its end: the server closes
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400")) << testing::PrintToString(request);
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n")) << testing::PrintToString(request);
    EXPECT_EQ(answer.find("HTTP/1.", 1), std::string::npos) << "what stood behind it is no request";
  }
}

TEST(HttpLimits, TakesWhatIsClear) {
  const auto server = Start({}, Ok);
  const std::string requests[] = {
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
      "GET /?a=%00 HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n",
      "GET /a%2f%20?b=c&d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      "GET / HTTP/1.0\r\n\r\n",
  };
  for (const std::string& request : requests) {
    const TestClient client(server->ports()[0]);
    client.Send(request);
    EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 200")) << request;
  }
}

// A server with a hard limit of 64 open files, in a process of its own that this one ends.
class ServerOfFewFiles {
 public:
  ServerOfFewFiles() {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    child_ = fork();
    if (child_ == 0) {
      const rlimit few = {.rlim_cur = 64, .rlim_max = 64};
      setrlimit(RLIMIT_NOFILE, &few);
      const auto server = Start({}, Ok);
      port_ = server->ports()[0];
      (void)!write(ends[1], &port_, sizeof(port_));
      pause();
      _exit(0);
    }
    EXPECT_EQ(read(ends[0], &port_, sizeof(port_)), static_cast<ssize_t>(sizeof(port_)));
    close(ends[0]);
    close(ends[1]);
  }
  ~ServerOfFewFiles() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  [[nodiscard]] uint16_t port() const { return port_; }

 private:
  pid_t child_ = -1;
  uint16_t port_ = 0;
};

TEST(HttpLimits, HasNoMorePlacesThanItCanOpenFiles) {
  const ServerOfFewFiles server;
  Connections silent = Connect(server.port(), 200);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Request(server.port(), "GET", "/").status, 200);
    // They come back as soon as they are shut out.
    Connections more = Connect(server.port(), 40);
    std::move(more.begin(), more.end(), std::back_inserter(silent));
    pollfd first = {.fd = silent[static_cast<size_t>(i)]->fd(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(poll(&first, 1, 0), 1) << "it gave its place at once, and was not waited for";
  }
}

TEST(HttpLimits, SaysThatThereAreTooFewFilesForAnyClient) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  const rlimit few = {.rlim_cur = 10, .rlim_max = 10};
  const auto start = [&] {
    setrlimit(RLIMIT_NOFILE, &few);
    const auto server = StartHttpServer(*ListenOn({"127.0.0.1:0"}), {}, Ok);
    fprintf(stderr, "%s\n", server ? "started" : server.error().message.c_str());
    _exit(server ? 0 : 1);
  };
  EXPECT_EXIT(start(), testing::ExitedWithCode(1), "no room for clients.*ulimit -n");
}

TEST(HttpLimits, RefusesWhatIsNoRequest) {
  const auto server = Start({.first_request = Milliseconds(100)}, Ok);
  const std::string lines[] = {"GET\r\n\r\n",
                               "\r\n\r\n\r\n",
                               " / HTTP/1.1\r\n\r\n",
                               "GET / HTTP/9.9\r\n\r\n",
                               "GET / FTP/1.1\r\n\r\n",
                               "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                               "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                               std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
                               std::string(10'000, '\0'),
                               std::string(10'000, '\n'),
                               std::string(10'000, '\xff')};
  for (const std::string& line : lines) {
    const TestClient client(server->ports()[0]);
    client.Send(line);
    EXPECT_THAT(client.ReadAll(), AnyOf("", StartsWith("HTTP/1.1 4"), StartsWith("HTTP/1.1 5")));
    EXPECT_EQ(Request(server->ports()[0], "GET", "/").status, 200) << testing::PrintToString(line.substr(0, 40));
  }
}

}  // namespace
}  // namespace brahe::http
