#include "userspace/http/tls_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <future>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/http/test_certificates.h"

namespace brahe::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct Client {
  const TestCertificate* certificate = nullptr;  // shown if the server asks
  std::string priorities = "NORMAL";
  std::string session = {};  // to be resumed, if the server likes
};

// How a handshake ended.
struct Outcome {
  bool served = false;  // the server let the client in
  std::string alert;    // that the client got
  std::string version;
  std::string suite;
  std::string group;
  bool asked = false;  // for the client's certificate
  bool resumed = false;
  std::string session;  // what a client may try to resume
};

gnutls_datum_t View(const std::string& text) {
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())), static_cast<unsigned>(text.size())};
}

int Handshake(gnutls_session_t session) {
  int code = 0;
  do {
    code = gnutls_handshake(session);
  } while (code < 0 && gnutls_error_is_fatal(code) == 0);
  return code;
}

// Sends a byte to a client that it lets in.
bool Serve(const TlsContext& context, int fd) {
  gnutls_session_t session = nullptr;
  gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL);
  context.Apply(session);
  gnutls_transport_set_int(session, fd);
  const bool served = Handshake(session) == GNUTLS_E_SUCCESS && gnutls_record_send(session, "x", 1) == 1;
  shutdown(fd, SHUT_WR);
  gnutls_deinit(session);
  return served;
}

std::string OrNone(const char* text) { return text ? text : ""; }

void Connect(const Client& client, int fd, Outcome& outcome) {
  gnutls_certificate_credentials_t credentials = nullptr;
  gnutls_certificate_allocate_credentials(&credentials);
  if (client.certificate) {
    const gnutls_datum_t certificate = View(client.certificate->certificate);
    const gnutls_datum_t key = View(client.certificate->key);
    EXPECT_GE(gnutls_certificate_set_x509_key_mem(credentials, &certificate, &key, GNUTLS_X509_FMT_PEM), 0);
  }
  gnutls_session_t session = nullptr;
  gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT | GNUTLS_NO_SIGNAL);
  EXPECT_EQ(gnutls_priority_set_direct(session, client.priorities.c_str(), nullptr), 0);
  gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
  gnutls_transport_set_int(session, fd);
  if (!client.session.empty()) gnutls_session_set_data(session, client.session.data(), client.session.size());
  ssize_t code = Handshake(session);
  if (code == GNUTLS_E_SUCCESS) {
    outcome.version = OrNone(gnutls_protocol_get_name(gnutls_protocol_get_version(session)));
    outcome.suite = OrNone(gnutls_ciphersuite_get(session));
    outcome.group = OrNone(gnutls_group_get_name(gnutls_group_get(session)));
    char byte = 0;
    code = gnutls_record_recv(session, &byte, 1);
    outcome.resumed = gnutls_session_is_resumed(session) != 0;
    gnutls_datum_t data{};
    if (gnutls_session_get_data2(session, &data) == 0) {
      outcome.session.assign(reinterpret_cast<char*>(data.data), data.size);
      gnutls_free(data.data);
    }
  }
  if (code == GNUTLS_E_FATAL_ALERT_RECEIVED)
    outcome.alert = OrNone(gnutls_alert_get_strname(gnutls_alert_get(session)));
  outcome.asked = gnutls_certificate_client_get_request_status(session) != 0;
  shutdown(fd, SHUT_RDWR);
  gnutls_deinit(session);
  gnutls_certificate_free_credentials(credentials);
}

Outcome Meet(const TlsContext& context, const Client& client = {}) {
  std::array<int, 2> ends{};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const UniqueFd server_end(ends[0]);
  const UniqueFd client_end(ends[1]);
  auto served = std::async(std::launch::async, [&] { return Serve(context, server_end.get()); });
  Outcome outcome;
  Connect(client, client_end.get(), outcome);
  outcome.served = served.get();
  return outcome;
}

const TestCertificate& Ca() {
  static const TestCertificate ca = MakeTestCertificate({.name = "ca", .is_ca = true});
  return ca;
}
const TestCertificate& Server() {
  static const TestCertificate server = MakeTestCertificate({.name = "server"});
  return server;
}
const TestCertificate& RsaServer() {
  static const TestCertificate server = MakeTestCertificate({.name = "server", .rsa = true});
  return server;
}
TestCertificate SignedClient(std::vector<std::string> sans = {}) {
  return MakeTestCertificate({.name = "client", .sans = std::move(sans), .ca = &Ca()});
}

TlsOptions Options(const TestCertificate& server = Server()) {
  return {.certificate = server.certificate, .key = server.key, .client_ca = ""};
}
TlsOptions AskingOptions(ClientAuth auth) {
  TlsOptions options = Options();
  options.client_ca = Ca().certificate;
  options.client_auth = auth;
  return options;
}

std::shared_ptr<const TlsContext> Make(const TlsOptions& options) {
  auto context = TlsContext::Make(options);
  if (!context) ADD_FAILURE() << context.error().message;
  return context ? *context : nullptr;
}
std::string ErrorOf(const TlsOptions& options) {
  const auto context = TlsContext::Make(options);
  return context ? "no error" : context.error().message;
}

TEST(TlsContext, ServesTheNewestVersionThatTheClientKnows) {
  const auto context = Make(Options());
  EXPECT_THAT(context->warnings(), IsEmpty());
  EXPECT_EQ(Meet(*context).version, "TLS1.3");
  const Outcome older = Meet(*context, {.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.2"});
  EXPECT_TRUE(older.served);
  EXPECT_EQ(older.version, "TLS1.2");
}

TEST(TlsContext, RefusesVersionsOutOfItsRange) {
  TlsOptions options = Options();
  options.min_version = TlsVersion::k13;
  EXPECT_FALSE(Meet(*Make(options), {.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.2"}).served);
  EXPECT_EQ(Meet(*Make(options)).version, "TLS1.3");
  options.min_version = TlsVersion::k12;
  options.max_version = TlsVersion::k12;
  EXPECT_EQ(Meet(*Make(options)).version, "TLS1.2");
  const Client old{.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0"};
  EXPECT_FALSE(Meet(*Make(options), old).served);
  options.min_version = TlsVersion::k10;
  EXPECT_EQ(Meet(*Make(options), old).version, "TLS1.1");
  options.min_version = TlsVersion::k13;
  EXPECT_EQ(ErrorOf(options), "min_version: TLS13 is above max_version, TLS12; exchange them");
}

TEST(TlsContext, AsksClientsForCertificatesAsItsPolicyWants) {
  const TestCertificate known = SignedClient();
  const TestCertificate stranger = MakeTestCertificate();
  struct Case {
    ClientAuth auth;
    bool asks, serves_none, serves_stranger;
  };
  for (const auto& [auth, asks, serves_none, serves_stranger] : {
           Case{ClientAuth::kNoClientCert, false, true, true},
           Case{ClientAuth::kRequestClientCert, true, true, true},
           Case{ClientAuth::kRequireAnyClientCert, true, false, true},
           Case{ClientAuth::kVerifyClientCertIfGiven, true, true, false},
           Case{ClientAuth::kRequireAndVerifyClientCert, true, false, false},
       }) {
    TlsOptions options = AskingOptions(auth);
    if (!asks) options.client_ca.clear();
    const auto context = Make(options);
    for (const char* priorities : {"NORMAL", "NORMAL:-VERS-ALL:+VERS-TLS1.2"}) {
      SCOPED_TRACE(std::to_string(static_cast<int>(auth)) + " " + priorities);
      const Outcome none = Meet(*context, {.priorities = priorities});
      EXPECT_EQ(none.served, serves_none);
      EXPECT_EQ(none.asked, asks);
      EXPECT_EQ(Meet(*context, {.certificate = &stranger, .priorities = priorities}).served, serves_stranger);
      EXPECT_TRUE(Meet(*context, {.certificate = &known, .priorities = priorities}).served);
    }
  }
}

TEST(TlsContext, TellsAClientThatItsCertificateIsBad) {
  const auto context = Make(AskingOptions(ClientAuth::kRequireAndVerifyClientCert));
  const TestCertificate other_ca = MakeTestCertificate({.name = "ca", .is_ca = true});
  const TestCertificate wrong_ca = MakeTestCertificate({.name = "client", .ca = &other_ca});
  const TestCertificate expired =
      MakeTestCertificate({.ca = &Ca(), .begins = std::chrono::hours(-48), .ends = std::chrono::hours(-24)});
  const TestCertificate early = MakeTestCertificate({.ca = &Ca(), .begins = std::chrono::hours(1)});
  const TestCertificate for_servers = MakeTestCertificate({.ca = &Ca(), .for_clients = false});
  for (const TestCertificate* bad : {&wrong_ca, &expired, &early, &for_servers}) {
    for (const char* priorities : {"NORMAL", "NORMAL:-VERS-ALL:+VERS-TLS1.2"}) {
      const Outcome outcome = Meet(*context, {.certificate = bad, .priorities = priorities});
      EXPECT_FALSE(outcome.served) << priorities;
      EXPECT_EQ(outcome.alert, "GNUTLS_A_BAD_CERTIFICATE") << priorities;
    }
  }
}

TEST(TlsContext, TellsAClientThatItsCertificateIsMissing) {
  for (const ClientAuth auth : {ClientAuth::kRequireAnyClientCert, ClientAuth::kRequireAndVerifyClientCert}) {
    const auto context = Make(AskingOptions(auth));
    EXPECT_EQ(Meet(*context).alert, "GNUTLS_A_CERTIFICATE_REQUIRED");
    EXPECT_EQ(Meet(*context, {.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.2"}).alert, "GNUTLS_A_HANDSHAKE_FAILURE");
  }
  EXPECT_EQ(Meet(*Make(AskingOptions(ClientAuth::kVerifyClientCertIfGiven))).alert, "");
}

TEST(TlsContext, LetsInOnlyClientsWithAnAllowedName) {
  TlsOptions options = AskingOptions(ClientAuth::kRequireAndVerifyClientCert);
  options.client_allowed_sans = {"prometheus.example", "192.0.2.7", "2001:db8::7", "ops@example.org", "spiffe://a/b"};
  const auto context = Make(options);
  EXPECT_THAT(context->warnings(), IsEmpty());
  for (const char* san :
       {"DNS:prometheus.example", "IP:192.0.2.7", "IP:2001:db8::7", "email:ops@example.org", "URI:spiffe://a/b"}) {
    const TestCertificate client = SignedClient({"DNS:other.example", san});
    EXPECT_TRUE(Meet(*context, {.certificate = &client}).served) << san;
  }
  for (const char* san : {"DNS:prometheus.example.org", "DNS:*.example", "DNS:Prometheus.example", "IP:192.0.2.70",
                          "URI:spiffe://a/bc", "email:s@example.org"}) {
    const TestCertificate client = SignedClient({san});
    const Outcome outcome = Meet(*context, {.certificate = &client});
    EXPECT_FALSE(outcome.served) << san;
    EXPECT_EQ(outcome.alert, "GNUTLS_A_BAD_CERTIFICATE") << san;
  }
  const TestCertificate nameless = SignedClient();
  EXPECT_FALSE(Meet(*context, {.certificate = &nameless}).served);
  const TestCertificate stranger = MakeTestCertificate({.sans = {"DNS:prometheus.example"}});
  EXPECT_FALSE(Meet(*context, {.certificate = &stranger}).served) << "it signed itself";
}

TEST(TlsContext, ANameTooLongToBeAllowedDoesNotHideTheNext) {
  TlsOptions options = AskingOptions(ClientAuth::kRequireAndVerifyClientCert);
  options.client_allowed_sans = {"good.example"};
  const TestCertificate client = SignedClient({"DNS:" + std::string(5000, 'a'), "DNS:good.example"});
  EXPECT_TRUE(Meet(*Make(options), {.certificate = &client}).served);
}

TEST(TlsContext, SaysThatAllowedNamesAreWorthNothingWithoutVerification) {
  TlsOptions options = AskingOptions(ClientAuth::kRequireAnyClientCert);
  options.client_allowed_sans = {"a"};
  EXPECT_THAT(Make(options)->warnings(), ElementsAre(StartsWith("client_allowed_sans: with client_auth_type Require")));
}

TEST(TlsContext, RefusesCasThatItCannotUse) {
  TlsOptions options = AskingOptions(ClientAuth::kNoClientCert);
  EXPECT_THAT(ErrorOf(options), StartsWith("client_ca: no certificate is asked of clients"));
  options = AskingOptions(ClientAuth::kVerifyClientCertIfGiven);
  options.client_ca = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  EXPECT_THAT(ErrorOf(options), AllOf(StartsWith("client_ca: "), HasSubstr("certificates in PEM")));
  options.client_ca = "nothing";
  EXPECT_THAT(ErrorOf(options), AllOf(StartsWith("client_ca: "), HasSubstr("certificates in PEM")));
  options.client_ca = "";
  EXPECT_THAT(ErrorOf(options), StartsWith("client_auth_type: VerifyClientCertIfGiven needs a CA"));
}

TEST(TlsContext, ServesExactlyTheSuitesOfItsList) {
  TlsOptions options = Options(RsaServer());
  options.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"};
  const auto context = Make(options);
  EXPECT_THAT(context->warnings(), IsEmpty());
  const std::string only_12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
  EXPECT_EQ(Meet(*context, {.priorities = only_12}).suite, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
  EXPECT_EQ(Meet(*context, {.priorities = only_12 + ":-AES-256-GCM"}).suite, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA");
  EXPECT_FALSE(Meet(*context, {.priorities = only_12 + ":-AES-256-GCM:-AES-128-CBC"}).served);
  EXPECT_EQ(Meet(*context).version, "TLS1.3");
}

TEST(TlsContext, PrefersTheFirstSuiteOfItsListUnlessTheClientIsToChoose) {
  TlsOptions options = Options(RsaServer());
  const Client client{.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM"};
  options.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"};
  EXPECT_EQ(Meet(*Make(options), client).suite, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
  options.prefer_server_cipher_suites = false;
  EXPECT_EQ(Meet(*Make(options), client).suite, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
}

TEST(TlsContext, LeavesOutSuitesForAnotherKindOfKey) {
  TlsOptions options = Options();
  options.max_version = TlsVersion::k12;
  options.cipher_suites = {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"};
  EXPECT_EQ(Meet(*Make(options)).suite, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
  EXPECT_FALSE(Meet(*Make(options), {.priorities = "NORMAL:-AES-128-GCM"}).served);
  options.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"};
  EXPECT_THAT(ErrorOf(options), AllOf(StartsWith("cipher_suites: none of them"), HasSubstr("EC/ECDSA")));
}

TEST(TlsContext, RefusesAListThatWouldServeMore) {
  TlsOptions options = Options(RsaServer());
  options.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384"};
  EXPECT_THAT(ErrorOf(options), AllOf(StartsWith("cipher_suites: "), HasSubstr("only together with TLS_"),
                                      HasSubstr("add that, or leave out")));
  options.cipher_suites.emplace_back("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
  options.cipher_suites.emplace_back("TLS_RSA_WITH_AES_128_GCM_SHA256");
  EXPECT_TRUE(Meet(*Make(options)).served);
}

TEST(TlsContext, TakesEachSuiteThatItKnowsByItself) {
  TlsOptions options;
  for (const char* suite :
       {"ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE_RSA_WITH_AES_128_CBC_SHA256",
        "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE_RSA_WITH_AES_256_CBC_SHA",
        "RSA_WITH_AES_128_GCM_SHA256", "RSA_WITH_AES_256_GCM_SHA384", "RSA_WITH_AES_128_CBC_SHA256",
        "RSA_WITH_AES_128_CBC_SHA", "RSA_WITH_AES_256_CBC_SHA", "ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
        "ECDHE_ECDSA_WITH_AES_256_CBC_SHA"}) {
    options = Options(std::string(suite).find("ECDSA") == std::string::npos ? RsaServer() : Server());
    options.max_version = TlsVersion::k12;
    options.cipher_suites = {"TLS_" + std::string(suite)};
    EXPECT_EQ(Meet(*Make(options), {.priorities = "NORMAL:+SHA256:+SHA1:+RSA"}).suite, options.cipher_suites[0]);
  }
}

TEST(TlsContext, ServesOnlyTheVersionsThatAListHasSuitesFor) {
  TlsOptions options = Options(RsaServer());
  options.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"};
  auto context = Make(options);
  EXPECT_THAT(context->warnings(), ElementsAre(StartsWith("cipher_suites: TLS13 is not served")));
  EXPECT_EQ(Meet(*context).version, "TLS1.2");
  options.cipher_suites = {"TLS_AES_128_GCM_SHA256"};
  context = Make(options);
  EXPECT_THAT(context->warnings(), ElementsAre(HasSubstr("only TLS13 is served")));
  EXPECT_EQ(Meet(*context).version, "TLS1.3");
  EXPECT_FALSE(Meet(*context, {.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.2"}).served);
}

TEST(TlsContext, NamesTheSuiteThatAnUnknownOneIsLike) {
  TlsOptions options = Options();
  options.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA25"};
  EXPECT_THAT(ErrorOf(options),
              StartsWith("cipher_suites: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA25 is not known; did you mean "
                         "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256? There are: TLS_"));
  options.cipher_suites = {"TLS_RSA_WITH_RC4_128_SHA"};
  EXPECT_THAT(ErrorOf(options), StartsWith("cipher_suites: TLS_RSA_WITH_RC4_128_SHA is not known"));
}

TEST(TlsContext, ServesNothingWithoutForwardSecrecyUnlessToldTo) {
  const auto context = Make(Options(RsaServer()));
  EXPECT_FALSE(Meet(*context, {.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA"}).served);
  EXPECT_FALSE(Meet(*context, {.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+DHE-RSA"}).served);
  EXPECT_TRUE(Meet(*context, {.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ECDHE-RSA"}).served);
}

TEST(TlsContext, UsesTheCurvesOfItsList) {
  TlsOptions options = Options();
  for (const auto& [curve, group] : {std::pair{"CurveP256", "SECP256R1"}, std::pair{"CurveP384", "SECP384R1"},
                                     std::pair{"CurveP521", "SECP521R1"}, std::pair{"X25519", "X25519"}}) {
    options.curve_preferences = {curve};
    const auto context = Make(options);
    EXPECT_EQ(Meet(*context).group, group);
    EXPECT_EQ(Meet(*context, {.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.2"}).group, group);
    EXPECT_FALSE(Meet(*context, {.priorities = std::string("NORMAL:-GROUP-") + group}).served);
  }
  options.curve_preferences = {"X25519", "X25519MLKEM768"};
  EXPECT_THAT(ErrorOf(options), StartsWith("curve_preferences: this GnuTLS does not have X25519MLKEM768; remove it"));
}

TEST(TlsContext, RefusesACertificateAndKeyThatDoNotBelongTogether) {
  TlsOptions options = Options();
  options.key = MakeTestCertificate().key;
  EXPECT_THAT(ErrorOf(options), StartsWith("cert and key do not belong together"));
  options.key = RsaServer().key;
  EXPECT_THAT(ErrorOf(options), StartsWith("cert and key do not belong together"));
}

TEST(TlsContext, RefusesWhatIsNoCertificateOrKey) {
  const std::string cut = Server().certificate.substr(0, 200);
  for (const std::string& garbage : {std::string(), std::string("garbage"), std::string(1000, '\0'), cut,
                                     Server().certificate + "-----BEGIN CERTIFICATE-----\nx\n", Server().key}) {
    TlsOptions options = Options();
    options.certificate = garbage;
    EXPECT_THAT(ErrorOf(options), AllOf(StartsWith("cert: "), HasSubstr("certificates in PEM"))) << garbage;
  }
  for (const std::string& garbage :
       {std::string(), std::string("garbage"), Server().key.substr(0, 60), Server().certificate}) {
    TlsOptions options = Options();
    options.key = garbage;
    EXPECT_THAT(ErrorOf(options), AllOf(StartsWith("key: "), HasSubstr("must be a private key in PEM"))) << garbage;
  }
}

TEST(TlsContext, WarnsOfACertificateThatIsNotValidNowAndServesIt) {
  const auto expired =
      Make(Options(MakeTestCertificate({.begins = std::chrono::hours(-48), .ends = std::chrono::hours(-24)})));
  EXPECT_THAT(expired->warnings(), ElementsAre(AllOf(StartsWith("cert: it expired on 20"), HasSubstr("renew it"))));
  EXPECT_TRUE(Meet(*expired).served);
  const auto early = Make(Options(MakeTestCertificate({.begins = std::chrono::hours(24)})));
  EXPECT_THAT(early->warnings(), ElementsAre(StartsWith("cert: it is not valid before 20")));
}

TEST(TlsContext, NeverResumesASession) {
  const auto context = Make(Options());
  EXPECT_EQ(Meet(*context).session, "") << "TLS 1.3 has nothing but tickets";
  const std::string only_12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
  const Outcome first = Meet(*context, {.priorities = only_12});
  ASSERT_NE(first.session, "");
  const Outcome second = Meet(*context, {.priorities = only_12, .session = first.session});
  EXPECT_TRUE(second.served);
  EXPECT_FALSE(second.resumed);
}

TEST(TlsContext, ShowsTheWholeChain) {
  const TestCertificate signed_server = MakeTestCertificate({.ca = &Ca()});
  TlsOptions options = Options(signed_server);
  options.certificate += Ca().certificate;
  EXPECT_TRUE(Meet(*Make(options)).served);
  options.certificate = Ca().certificate + signed_server.certificate;
  EXPECT_THAT(ErrorOf(options), StartsWith("cert and key do not belong together"));
}

}  // namespace
}  // namespace brahe::http
