#include "userspace/web/web_access.h"

#include <crypt.h>
#include <gmock/gmock.h>
#include <gnutls/gnutls.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <future>
#include <thread>
#include <utility>

#include "userspace/base/fake_clock.h"
#include "userspace/base/temp_tree.h"
#include "userspace/http/test_certificates.h"

namespace brahe::web {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

constexpr char kTlsFile[] = "tls_server_config: {cert_file: live/server.crt, key_file: live/server.key}\n";

std::string HashOf(const std::string& password) {
  crypt_data data{};
  return crypt_r(password.c_str(), "$2b$04$......................", &data);
}

std::string UserFile(const std::string& password, const std::string& more = "") {
  return "basic_auth_users: {alice: '" + HashOf(password) + "'}\n" + more;
}

// "alice:right" and others, as curl sends them.
std::string Basic(const std::string& pair) {
  gnutls_datum_t text = {reinterpret_cast<unsigned char*>(const_cast<char*>(pair.data())),
                         static_cast<unsigned>(pair.size())};
  gnutls_datum_t encoded{};
  EXPECT_EQ(gnutls_base64_encode2(&text, &encoded), 0);
  std::string header = "Basic " + std::string(reinterpret_cast<const char*>(encoded.data), encoded.size);
  gnutls_free(encoded.data);
  return header;
}

// The certificate that a client gets to see, in DER; empty if the handshake fails.
std::string ServedBy(const http::TlsContext& context) {
  std::array<int, 2> ends{};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  std::thread server([&context, end = ends[0]] {
    gnutls_session_t session = nullptr;
    gnutls_init(&session, GNUTLS_SERVER);
    context.Apply(session);
    gnutls_transport_set_int(session, end);
    gnutls_handshake(session);
    gnutls_deinit(session);
    shutdown(end, SHUT_RDWR);
  });
  gnutls_certificate_credentials_t credentials = nullptr;
  gnutls_certificate_allocate_credentials(&credentials);
  gnutls_session_t session = nullptr;
  gnutls_init(&session, GNUTLS_CLIENT);
  gnutls_set_default_priority(session);
  gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
  gnutls_transport_set_int(session, ends[1]);
  std::string served;
  unsigned count = 0;
  if (gnutls_handshake(session) == 0) {
    const gnutls_datum_t* peer = gnutls_certificate_get_peers(session, &count);
    if (peer) served.assign(reinterpret_cast<const char*>(peer->data), peer->size);
  }
  shutdown(ends[1], SHUT_RDWR);
  server.join();
  gnutls_deinit(session);
  gnutls_certificate_free_credentials(credentials);
  close(ends[0]);
  close(ends[1]);
  return served;
}

class WebAccessTest : public ::testing::Test {
 protected:
  void Write(const std::string& text) { tree_.Write("web.yml", text); }
  // As Kubernetes does: a new folder, and the link to it replaced.
  void PutCertificate(const http::TestCertificate& server) {
    const std::string folder = "v" + std::to_string(++version_);
    tree_.Write(folder + "/server.crt", server.certificate);
    tree_.Write(folder + "/server.key", server.key);
    tree_.Link("new", folder);
    ASSERT_EQ(rename(tree_.At("new").c_str(), tree_.At("live").c_str()), 0);
  }
  void Start(bool probes_without_auth = false) {
    auto made = WebAccess::Make({.file = tree_.At("web.yml"), .probes_without_auth = probes_without_auth}, clock_);
    ASSERT_TRUE(made) << made.error().message;
    access_ = std::move(*made);
  }
  static bool IsProbe(const http::HttpRequest& request) { return request.path == "/probe"; }
  void LetASecondPass() { clock_.Advance(Seconds(1)); }
  std::string ErrorAtStart() {
    const auto made = WebAccess::Make({.file = tree_.At("web.yml")}, clock_);
    return made ? "no error" : made.error().message;
  }

  // The handler says 404, which only those who may pass get to see.
  http::HttpResponse Get(const std::string& authorization = "", const std::string& path = "/nowhere") {
    std::promise<http::HttpResponse> answered;
    http::HttpRequest request{.method = "GET", .path = path, .headers = {}};
    if (!authorization.empty()) request.headers["authorization"] = authorization;
    const http::HttpHandler guarded =
        access_->Guard([](const http::HttpRequest& passed,
                          http::Responder responder) { responder.Send({.status = 404, .body = passed.path}); },
                       IsProbe);
    guarded(request, http::Responder([&](http::HttpResponse response) { answered.set_value(std::move(response)); }));
    return answered.get_future().get();
  }

  TempTree tree_;
  FakeClock clock_;
  int version_ = 0;
  std::unique_ptr<WebAccess> access_;
};

TEST_F(WebAccessTest, LetsEverybodyInWithoutAFile) {
  access_ = std::move(*WebAccess::Make({}, clock_));
  EXPECT_EQ(access_->Tls(), nullptr);
  EXPECT_EQ(Get().body, "/nowhere");
  EXPECT_TRUE(access_->Reload());
}

TEST_F(WebAccessTest, DoesNotStartWithAFault) {
  EXPECT_THAT(ErrorAtStart(), HasSubstr("web.yml: No such file"));
  Write("basic_auth_user: {}\n");
  EXPECT_THAT(ErrorAtStart(), HasSubstr("basic_auth_users"));
  Write(kTlsFile);
  PutCertificate({http::MakeTestCertificate().certificate, http::MakeTestCertificate().key});
  EXPECT_THAT(ErrorAtStart(), HasSubstr("web.yml: tls_server_config: cert and key do not belong together"));
}

TEST_F(WebAccessTest, LetsInWhoKnowsAPassword) {
  Write(UserFile("right"));
  Start();
  EXPECT_EQ(Get(Basic("alice:right")).status, 404u);
  EXPECT_EQ(Get(Basic("alice:right")).body, "/nowhere") << "the second time";
  for (const std::string& header : {std::string(), Basic("alice:wrong"), Basic("bob:right"), Basic("alice"),
                                    std::string("Basic !!!"), std::string("Basic"), std::string("Bearer x")}) {
    const http::HttpResponse refused = Get(header);
    EXPECT_EQ(refused.status, 401u) << header;
    EXPECT_THAT(refused.headers, Contains(Pair("WWW-Authenticate", StartsWith("Basic realm=\"brahe\"")))) << header;
    EXPECT_THAT(refused.body, Not(HasSubstr("/nowhere")));
  }
}

TEST_F(WebAccessTest, AddsItsHeadersToEachAnswer) {
  Write(UserFile("right", "http_server_config: {headers: {X-Frame-Options: deny}}\n"));
  Start();
  for (const std::string& header : {std::string(), Basic("alice:wrong"), Basic("alice:right")}) {
    EXPECT_THAT(Get(header).headers, Contains(Pair("X-Frame-Options", "deny"))) << header;
  }
  access_->Guard([](const http::HttpRequest&, const http::Responder&) {}, IsProbe)(
      {.method = "GET", .path = "/", .headers = {{"authorization", Basic("alice:right")}}},
      http::Responder([](const http::HttpResponse& response) {
        EXPECT_EQ(response.status, 500u);
        EXPECT_THAT(response.headers, Contains(Pair("X-Frame-Options", "deny")));
      }));
}

TEST_F(WebAccessTest, SendsAwayWhoComesTooOften) {
  Write("rate_limit: {interval: 2500ms, burst: 2}\nhttp_server_config: {headers: {X-Frame-Options: deny}}\n");
  Start();
  EXPECT_EQ(Get().status, 404u);
  EXPECT_EQ(Get().status, 404u);
  const http::HttpResponse refused = Get();
  EXPECT_EQ(refused.status, 429u);
  EXPECT_THAT(refused.headers, AllOf(Contains(Pair("Retry-After", "3")), Contains(Pair("X-Frame-Options", "deny"))));
  EXPECT_TRUE(access_->Reload());
  EXPECT_EQ(Get().status, 429u) << "reading the same again gives no tokens";
  clock_.Advance(Milliseconds(2500));
  EXPECT_EQ(Get().status, 404u);
  EXPECT_EQ(Get().status, 429u);
}

TEST_F(WebAccessTest, CountsNoProbes) {
  Write(UserFile("right", "rate_limit: {interval: 1h, burst: 1}\n"));
  Start();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Get(Basic("alice:right"), "/probe").status, 404u);
  EXPECT_EQ(Get("", "/probe").status, 401u) << "a password is wanted all the same";
  EXPECT_EQ(Get(Basic("alice:right")).status, 404u) << "they have taken no token";
  EXPECT_EQ(Get(Basic("alice:right")).status, 429u);
  EXPECT_EQ(Get(Basic("alice:right"), "/probe").status, 404u);
}

TEST_F(WebAccessTest, LetsProbesInWithoutAPasswordWhereThatIsSet) {
  Write(UserFile("right", "http_server_config: {headers: {X-Frame-Options: deny}}\n"));
  Start(/*probes_without_auth=*/true);
  const http::HttpResponse probe = Get("", "/probe");
  EXPECT_EQ(probe.status, 404u);
  EXPECT_THAT(probe.headers, Contains(Pair("X-Frame-Options", "deny")));
  EXPECT_EQ(Get(Basic("alice:wrong"), "/probe").status, 404u);
  EXPECT_EQ(Get().status, 401u);
}

TEST_F(WebAccessTest, ShowsARenewedCertificateToTheNextConnection) {
  Write(kTlsFile);
  PutCertificate(http::MakeTestCertificate());
  Start();
  const auto old = access_->Tls();
  const std::string first = ServedBy(*old);
  EXPECT_NE(first, "");
  PutCertificate(http::MakeTestCertificate());
  EXPECT_EQ(access_->Tls(), old) << "looked at once a second";
  LetASecondPass();
  EXPECT_NE(ServedBy(*access_->Tls()), first);
  EXPECT_NE(ServedBy(*access_->Tls()), "");
  EXPECT_EQ(ServedBy(*old), first) << "a connection that is open keeps its context";
  const auto renewed = access_->Tls();
  LetASecondPass();
  EXPECT_EQ(access_->Tls(), renewed) << "not read again without a change";
}

TEST_F(WebAccessTest, KeepsTheOldCertificateUntilTheNewOneIsWhole) {
  Write(kTlsFile);
  PutCertificate(http::MakeTestCertificate());
  Start();
  const auto old = access_->Tls();
  const http::TestCertificate renewed = http::MakeTestCertificate();
  for (const http::TestCertificate& broken :
       {http::TestCertificate{renewed.certificate, http::MakeTestCertificate().key},
        http::TestCertificate{"", renewed.key}, http::TestCertificate{renewed.certificate, "x"}}) {
    PutCertificate(broken);
    LetASecondPass();
    EXPECT_EQ(access_->Tls(), old);
    EXPECT_FALSE(access_->Reload());
    EXPECT_EQ(access_->Tls(), old);
  }
  tree_.Remove("live");
  LetASecondPass();
  EXPECT_EQ(access_->Tls(), old);
  PutCertificate(renewed);
  LetASecondPass();
  EXPECT_NE(access_->Tls(), old);
}

TEST_F(WebAccessTest, SaysALastingFaultOnceAndItsEnd) {
  Write(UserFile("right"));
  Start();
  Write("nonsense: 1\n");
  LetASecondPass();
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Get().status, 401u);
    LetASecondPass();
  }
  Write(UserFile("right"));
  EXPECT_EQ(Get().status, 401u);
  const std::string log = ::testing::internal::GetCapturedStderr();
  const size_t said = log.find("nonsense");
  ASSERT_NE(said, std::string::npos) << log;
  EXPECT_EQ(log.find("nonsense", said + 1), std::string::npos) << log;
  EXPECT_THAT(log, HasSubstr("is in force"));
}

TEST_F(WebAccessTest, TakesNewUsersAndForgetsOldPasswords) {
  Write(UserFile("old"));
  Start();
  EXPECT_EQ(Get(Basic("alice:old")).status, 404u);
  Write(UserFile("new"));
  LetASecondPass();
  EXPECT_EQ(Get(Basic("alice:old")).status, 401u);
  EXPECT_EQ(Get(Basic("alice:new")).status, 404u);
  Write("basic_auth_users: {alice: no-hash}\n");
  const Status refused = access_->Reload();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("web.yml:1: basic_auth_users.alice"), Not(HasSubstr("no-hash"))));
  EXPECT_EQ(Get(Basic("alice:new")).status, 404u);
}

TEST_F(WebAccessTest, ReloadsAtOnceWhenTold) {
  Write(UserFile("old"));
  Start();
  Write(UserFile("new"));
  EXPECT_TRUE(access_->Reload());
  EXPECT_EQ(Get(Basic("alice:new")).status, 404u);
}

TEST_F(WebAccessTest, WantsARestartToTurnTlsOnOrOff) {
  Write("");
  PutCertificate(http::MakeTestCertificate());
  Start();
  Write(kTlsFile);
  const Status on = access_->Reload();
  ASSERT_FALSE(on);
  EXPECT_THAT(on.error().message, HasSubstr("restart"));
  EXPECT_EQ(access_->Tls(), nullptr);
  Start();
  Write("");
  EXPECT_FALSE(access_->Reload());
  LetASecondPass();
  EXPECT_NE(access_->Tls(), nullptr);
}

TEST_F(WebAccessTest, AnswersBusyWhenTooManyGuess) {
  Write(UserFile("right"));
  Start();
  constexpr int kGuesses = 300;
  std::atomic<int> answered = 0;
  std::atomic<int> busy = 0;
  const http::HttpHandler guarded =
      access_->Guard([](const http::HttpRequest&, const http::Responder&) { FAIL() << "let in"; }, IsProbe);
  for (int i = 0; i < kGuesses; ++i) {
    guarded({.method = "GET", .path = "/", .headers = {{"authorization", Basic("alice:wrong")}}},
            http::Responder([&](const http::HttpResponse& response) {
              ++answered;
              if (response.status != 503) return;
              ++busy;
              EXPECT_THAT(response.headers, Contains(Pair("Retry-After", "5")));
            }));
  }
  EXPECT_GT(busy, 0);
  access_.reset();
  EXPECT_EQ(answered, kGuesses) << "whoever waits at the end gets an answer too";
}

TEST_F(WebAccessTest, MayBeUsedByThreadsWhileItChanges) {
  Write(kTlsFile + UserFile("right"));
  PutCertificate(http::MakeTestCertificate());
  Start();
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        EXPECT_NE(access_->Tls(), nullptr);
        EXPECT_EQ(Get(Basic("alice:right")).status, 404u);
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    PutCertificate(http::MakeTestCertificate());
    LetASecondPass();
    EXPECT_TRUE(access_->Reload());
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace brahe::web
