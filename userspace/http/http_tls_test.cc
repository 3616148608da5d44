#include <gmock/gmock.h>
#include <gnutls/gnutls.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "userspace/http/http_server.h"
#include "userspace/http/test_certificates.h"
#include "userspace/http/test_client.h"
#include "userspace/http/tls_context.h"

namespace brahe::http {
namespace {

using ::testing::Not;
using ::testing::StartsWith;

constexpr char kGetKeep[] = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
constexpr char kGetClose[] = "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";

gnutls_datum_t Datum(const std::string& text) {
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())), static_cast<unsigned>(text.size())};
}

// A client that takes any certificate and shows its own, if it has one.
class TlsClient {
 public:
  explicit TlsClient(uint16_t port, const TestCertificate& own = {}) : connection_(port) {
    gnutls_certificate_allocate_credentials(&credentials_);
    if (!own.key.empty()) {
      const gnutls_datum_t certificate = Datum(own.certificate);
      const gnutls_datum_t key = Datum(own.key);
      gnutls_certificate_set_x509_key_mem(credentials_, &certificate, &key, GNUTLS_X509_FMT_PEM);
    }
    gnutls_init(&session_, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);
    gnutls_set_default_priority(session_);
    gnutls_credentials_set(session_, GNUTLS_CRD_CERTIFICATE, credentials_);
    gnutls_transport_set_int(session_, connection_.fd());
    do {
      handshake_ = gnutls_handshake(session_);
    } while (handshake_ < 0 && gnutls_error_is_fatal(handshake_) == 0);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;
  ~TlsClient() {
    gnutls_deinit(session_);
    gnutls_certificate_free_credentials(credentials_);
  }

  [[nodiscard]] bool connected() const { return handshake_ == GNUTLS_E_SUCCESS; }
  void Send(std::string_view bytes) const { gnutls_record_send(session_, bytes.data(), bytes.size()); }
  // What comes until the server closes, or `size` bytes.
  [[nodiscard]] std::string Read(size_t size = SIZE_MAX) const {
    std::string all;
    char buffer[16384];
    while (all.size() < size) {
      const ssize_t got = gnutls_record_recv(session_, buffer, std::min(sizeof(buffer), size - all.size()));
      if (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED) continue;
      if (got <= 0) break;
      all.append(buffer, static_cast<size_t>(got));
    }
    return all;
  }
  // The subject of the server's certificate.
  [[nodiscard]] std::string Subject() const {
    unsigned count = 0;
    const gnutls_datum_t* const chain = gnutls_certificate_get_peers(session_, &count);
    return count == 0 ? "" : std::string(reinterpret_cast<const char*>(chain->data), chain->size);
  }

 private:
  const TestClient connection_;
  gnutls_certificate_credentials_t credentials_ = nullptr;
  gnutls_session_t session_ = nullptr;
  int handshake_ = 0;
};

class HttpTlsTest : public testing::Test {
 protected:
  static std::shared_ptr<const TlsContext> MakeContext(const std::string& name) {
    const TestCertificate made = MakeTestCertificate({.name = name});
    const auto context = TlsContext::Make({.certificate = made.certificate, .key = made.key, .client_ca = {}});
    if (!context) ADD_FAILURE() << context.error().message;
    return context ? *context : nullptr;
  }
  void Start(HttpHandler handler, HttpLimits limits = {}) {
    if (!context_) context_ = MakeContext("first");
    auto server = StartHttpServer(*ListenOn({"127.0.0.1:0"}),
                                  {.limits = limits,
                                   .tls =
                                       [this] {
                                         const std::lock_guard lock(mutex_);
                                         return context_;
                                       }},
                                  std::move(handler));
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }
  [[nodiscard]] uint16_t port() const { return server_->ports()[0]; }
  [[nodiscard]] bool Serves() const {
    const TlsClient client(port());
    client.Send(kGetClose);
    return ParseResponse(client.Read()).status == 200;
  }

  std::mutex mutex_;
  std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<HttpServer> server_;
};

void Ok(const HttpRequest&, Responder responder) { responder.Send({.body = "ok\n"}); }

// Answers a megabyte, later and from another thread.
void Megabyte(const HttpRequest&, Responder responder) {
  std::thread([owner = std::make_shared<Responder>(std::move(responder))] {
    owner->Send({.read = [left = size_t{1'000'000}](char* buffer, size_t capacity) mutable {
      const size_t size = std::min(left, capacity);
      std::fill_n(buffer, size, 'x');
      left -= size;
      return size;
    }});
  }).detach();
}

TEST_F(HttpTlsTest, ServesSeveralRequestsOnAConnection) {
  Start(Ok);
  const TlsClient client(port());
  ASSERT_TRUE(client.connected());
  for (int i = 0; i < 3; ++i) {
    client.Send(kGetKeep);
    std::string head;
    while (head.find("ok\n") == std::string::npos) {
      const std::string byte = client.Read(1);
      ASSERT_FALSE(byte.empty());
      head += byte;
    }
    EXPECT_THAT(head, StartsWith("HTTP/1.1 200"));
  }
}

TEST_F(HttpTlsTest, StreamsAnswersThatComeLaterToManyAtOnce) {
  Start(Megabyte);
  std::vector<std::future<size_t>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::async(std::launch::async, [this] {
      const TlsClient client(port());
      client.Send(kGetClose);
      return ParseResponse(client.Read()).body.size();
    }));
  }
  for (auto& client : clients) EXPECT_EQ(client.get(), 1'000'000U);
}

TEST_F(HttpTlsTest, ANewConnectionGetsTheNewCertificateAndAnOldOneLivesOnWithTheOld) {
  Start(Ok);
  const TlsClient old(port());
  ASSERT_TRUE(old.connected());
  EXPECT_THAT(old.Subject(), testing::HasSubstr("first"));
  const std::weak_ptr<const TlsContext> before = context_;
  {
    const auto renewed = MakeContext("second");
    const std::lock_guard lock(mutex_);
    context_ = renewed;
  }
  const TlsClient young(port());
  EXPECT_THAT(young.Subject(), testing::HasSubstr("second"));
  EXPECT_FALSE(before.expired());
  old.Send(kGetClose);
  EXPECT_EQ(ParseResponse(old.Read()).status, 200);
  for (int i = 0; i < 1000 && !before.expired(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(before.expired()) << "nobody needs it any more";
}

TEST_F(HttpTlsTest, ClosesAConnectionForWhichThereIsNoCertificate) {
  Start(Ok);
  {
    const std::lock_guard lock(mutex_);
    context_.reset();
  }
  EXPECT_FALSE(TlsClient(port()).connected());
}

TEST_F(HttpTlsTest, ServesOnlyClientsWithACertificateWhereThatIsAsked) {
  const TestCertificate own = MakeTestCertificate();
  const TestCertificate ca = MakeTestCertificate({.is_ca = true});
  const TestCertificate known = MakeTestCertificate({.ca = &ca});
  const auto context = TlsContext::Make({.certificate = own.certificate,
                                         .key = own.key,
                                         .client_ca = ca.certificate,
                                         .client_auth = ClientAuth::kRequireAndVerifyClientCert});
  ASSERT_TRUE(context) << context.error().message;
  context_ = *context;
  std::atomic<int> served = 0;
  Start([&](const HttpRequest&, Responder responder) {
    ++served;
    responder.Send({});
  });
  for (const TestCertificate& certificate : {TestCertificate{}, own}) {
    const TlsClient client(port(), certificate);
    client.Send(kGetClose);
    EXPECT_EQ(client.Read(), "");
  }
  EXPECT_EQ(served, 0);
  const TlsClient client(port(), known);
  client.Send(kGetClose);
  EXPECT_EQ(ParseResponse(client.Read()).status, 200);
}

TEST_F(HttpTlsTest, WhatIsNoTlsHarmsNobodyElse) {
  Start(Ok);
  const TlsClient good(port());
  const std::string hello_without_end("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  std::vector<std::unique_ptr<TestClient>> half_open;
  for (const std::string& bytes :
       {std::string(kGetClose), std::string(100'000, '\0'), std::string(100'000, '\xff'),
        std::string("\x16\x03\x01\xff\xff") + std::string(100'000, 'x'), hello_without_end}) {
    half_open.push_back(std::make_unique<TestClient>(port()));
    half_open.back()->Send(bytes);
    EXPECT_TRUE(Serves()) << testing::PrintToString(bytes.substr(0, 20));
  }
  EXPECT_THAT(half_open[0]->ReadAll(), Not(StartsWith("HTTP"))) << "plain HTTP";
  good.Send(kGetClose);
  EXPECT_EQ(ParseResponse(good.Read()).status, 200);
}

TEST_F(HttpTlsTest, AHandshakeThatDoesNotEndIsEnded) {
  Start(Ok, {.connections = 4, .first_request = Milliseconds(200)});
  std::vector<std::unique_ptr<TestClient>> silent;
  for (int i = 0; i < 8; ++i) silent.push_back(std::make_unique<TestClient>(port()));
  EXPECT_TRUE(Serves());
  for (const auto& client : silent) EXPECT_EQ(client->ReadAll(), "");
}

TEST_F(HttpTlsTest, StopsWithConnectionsOpen) {
  std::mutex mutex;
  std::vector<Responder> kept;
  std::atomic<bool> asked = false;
  Start([&](const HttpRequest&, Responder responder) {
    const std::lock_guard lock(mutex);
    kept.push_back(std::move(responder));
    asked = true;
  });
  const TestClient in_handshake(port());
  const TlsClient idle(port());
  const TlsClient waiting(port());
  waiting.Send(kGetClose);
  while (!asked) std::this_thread::yield();
  server_.reset();
  EXPECT_EQ(ParseResponse(waiting.Read()).status, 503);
  EXPECT_EQ(idle.Read(), "");
}

}  // namespace
}  // namespace brahe::http
