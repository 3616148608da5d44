#include "userspace/web/web_config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "userspace/base/file.h"
#include "userspace/base/temp_tree.h"
#include "userspace/web/web_keys.h"

namespace brahe::web {
namespace {

constexpr const char* kTestdata = "userspace/web/testdata/";
const std::string kPem = "-----BEGIN X-----\nc2VjcmV0IHRleHQ=\n-----END X-----\n";
const std::string kLetters = "abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234";
const std::string kCertificate = "tls_server_config:\n  cert_file: c\n  key_file: k\n";

class WebConfigTest : public testing::Test {
 protected:
  WebConfigTest() {
    for (const char* name : {"c", "k", "ca"}) tree_.Write(name, kPem);
  }

  Result<WebConfig> Load(std::string_view content) {
    tree_.Write("web.yml", content);
    return LoadWebConfig(tree_.At("web.yml"));
  }

  // The configuration of a text that must have no fault.
  WebConfig ConfigOf(std::string_view content) {
    auto config = Load(content);
    EXPECT_TRUE(config) << content << "\n" << config.error().message;
    return config ? *config : WebConfig();
  }

  // Without the folder.
  std::string Local(std::string text) {
    const std::string folder = tree_.path() + "/";
    for (size_t at = text.find(folder); at != std::string::npos; at = text.find(folder)) text.erase(at, folder.size());
    return text;
  }

  // The message of the error; empty if there was none.
  std::string ErrorOf(std::string_view content) {
    const auto config = Load(content);
    return config ? "" : Local(config.error().message);
  }

  std::string WarningOf(std::string_view content) {
    const WebConfig config = ConfigOf(content);
    EXPECT_EQ(config.warnings.size(), 1U) << content;
    return config.warnings.empty() ? "" : Local(config.warnings.front());
  }

  TempTree tree_;
};

TEST_F(WebConfigTest, ReadsEveryKey) {
  const auto loaded = LoadWebConfig(kTestdata + std::string("whole.yml"));
  ASSERT_TRUE(loaded) << loaded.error().message;
  const WebConfig& config = *loaded;
  ASSERT_TRUE(config.tls);
  const http::TlsOptions& tls = *config.tls;
  EXPECT_TRUE(tls.certificate.starts_with("-----BEGIN CERTIFICATE-----\nYSBj")) << tls.certificate;
  EXPECT_TRUE(tls.key.starts_with("-----BEGIN PRIVATE KEY-----\nYSBr"));
  EXPECT_EQ(tls.client_ca, tls.certificate);
  EXPECT_EQ(tls.client_auth, http::ClientAuth::kRequireAndVerifyClientCert);
  EXPECT_EQ(tls.client_allowed_sans, (std::vector<std::string>{"prometheus.example", "192.0.2.7"}));
  EXPECT_EQ(tls.min_version, http::TlsVersion::k12);
  EXPECT_EQ(tls.max_version, http::TlsVersion::k13);
  EXPECT_EQ(tls.cipher_suites, (std::vector<std::string>{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                                                         "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"}));
  EXPECT_FALSE(tls.prefer_server_cipher_suites);
  EXPECT_EQ(tls.curve_preferences, (std::vector<std::string>{"X25519", "CurveP256"}));
  using Headers = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(config.headers, (Headers{{"Content-Security-Policy", "default-src 'none'"},
                                     {"X-Frame-Options", "deny"},
                                     {"X-Content-Type-Options", "nosniff"},
                                     {"X-XSS-Protection", "1; mode=block"},
                                     {"Strict-Transport-Security", "max-age=31536000"}}));
  EXPECT_EQ(config.users.size(), 2U);
  EXPECT_EQ(config.users.at("alice"), "$2y$10$" + kLetters);
  ASSERT_TRUE(config.rate_limit);
  EXPECT_EQ(config.rate_limit->interval.value, 250'000'000U);
  EXPECT_EQ(config.rate_limit->burst, 20U);
  EXPECT_EQ(config.files.size(), 1U);
  EXPECT_TRUE(config.warnings.empty());
}

TEST_F(WebConfigTest, FilesAreFoundBesideTheConfiguration) {
  const std::string folder = kTestdata;
  const auto config = LoadWebConfig(folder + "files.yml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->tls->certificate, *ReadFile(folder + "server.crt"));
  EXPECT_EQ(config->tls->key, *ReadFile(folder + "server.key"));
  EXPECT_EQ(config->tls->client_ca, *ReadFile(folder + "clients.crt"));
  EXPECT_TRUE(config->users.contains("Carol of C"));
  EXPECT_EQ(config->files, (std::vector<std::string>{folder + "files.yml", folder + "server.crt", folder + "server.key",
                                                     folder + "clients.crt"}));
  EXPECT_EQ(config->warnings,
            std::vector<std::string>{folder + "files.yml:9: http_server_config.http2: without effect; HTTP/1.1 is " +
                                     "spoken here"});
}

TEST_F(WebConfigTest, AnAbsoluteNameIsTakenAsItIs) {
  const TempTree elsewhere;
  elsewhere.Write("c", kPem);
  const WebConfig config = ConfigOf("tls_server_config: {cert_file: " + elsewhere.At("c") + ", key_file: k}");
  EXPECT_EQ(config.files, (std::vector<std::string>{tree_.At("web.yml"), elsewhere.At("c"), tree_.At("k")}));
}

TEST_F(WebConfigTest, AnEmptyFileIsPlainHttpWithoutPasswords) {
  for (const char* content : {"", "# nothing\n", "---\n", "tls_server_config:\n", "tls_server_config: {}",
                              "basic_auth_users: {}", "http_server_config: {headers: {X-Frame-Options: ''}}",
                              "rate_limit: {interval: 0}", "rate_limit: {interval: 0s, burst: 0}"}) {
    const WebConfig config = ConfigOf(content);
    EXPECT_FALSE(config.tls) << content;
    EXPECT_FALSE(config.rate_limit) << content;
    EXPECT_TRUE(config.users.empty() && config.headers.empty() && config.warnings.empty()) << content;
    EXPECT_EQ(config.files, std::vector<std::string>{tree_.At("web.yml")});
  }
}

TEST_F(WebConfigTest, DefaultsAreThoseOfTheToolkit) {
  const WebConfig config = ConfigOf(kCertificate);
  EXPECT_EQ(config.tls->client_auth, http::ClientAuth::kNoClientCert);
  EXPECT_EQ(config.tls->min_version, http::TlsVersion::k12);
  EXPECT_EQ(config.tls->max_version, http::TlsVersion::k13);
  EXPECT_TRUE(config.tls->prefer_server_cipher_suites);
}

TEST_F(WebConfigTest, ACertificateAndItsKeyAreGivenOnceEach) {
  EXPECT_EQ(ErrorOf("tls_server_config:\n  cert_file: c\n"),
            "web.yml:2: tls_server_config.cert_file: a certificate needs its key; add key_file or key");
  EXPECT_EQ(ErrorOf("tls_server_config:\n  key_file: k\n"),
            "web.yml:2: tls_server_config.key_file: a key needs its certificate; add cert_file or cert");
  EXPECT_EQ(ErrorOf("\ntls_server_config:\n  min_version: TLS13\n"),
            "web.yml:2: tls_server_config: TLS needs a certificate and its key; add cert_file and key_file");
  EXPECT_EQ(ErrorOf("tls_server_config: {cert_file: '', key_file: ''}"),
            "web.yml:1: tls_server_config: TLS needs a certificate and its key; add cert_file and key_file");
  EXPECT_EQ(ErrorOf(kCertificate + "  cert: x\n"),
            "web.yml:2: tls_server_config.cert_file: cert is given as well; keep one of the two");
  EXPECT_EQ(ErrorOf(kCertificate + "  key: x\n"),
            "web.yml:3: tls_server_config.key_file: key is given as well; keep one of the two");
  EXPECT_EQ(ErrorOf(kCertificate + "  client_ca_file: ca\n  client_ca: \"-----BEGIN \"\n"),
            "web.yml:4: tls_server_config.client_ca_file: client_ca is given as well; keep one of the two");
}

TEST_F(WebConfigTest, AFileThatCannotBeReadIsNamed) {
  const auto missing = Load("tls_server_config: {cert_file: none, key_file: k}");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ENOENT);
  EXPECT_EQ(Local(missing.error().message),
            "web.yml:1: tls_server_config.cert_file: open none: No such file or directory");
  EXPECT_EQ(LoadWebConfig(tree_.At("no.yml")).error().code, ENOENT);
  tree_.Write("empty", "");
  EXPECT_EQ(ErrorOf("tls_server_config: {cert_file: c, key_file: empty}"),
            "web.yml:1: tls_server_config.key_file: no PEM text, which has lines that say BEGIN and END; openssl "
            "converts other forms");
  EXPECT_EQ(ErrorOf("tls_server_config: {cert_file: \"c\\0d\", key_file: k}"),
            "web.yml:1: tls_server_config.cert_file: the name of a file is expected, of fewer than 4096 bytes and "
            "without control characters");
}

TEST_F(WebConfigTest, FilesThatWaitOrNeverEndAreRefused) {
  ASSERT_EQ(mkfifo(tree_.At("pipe").c_str(), 0600), 0);
  tree_.Write("long", std::string((1 << 20) + 1, 'x'));
  const std::string key = "web.yml:1: tls_server_config.cert_file: ";
  EXPECT_EQ(ErrorOf("tls_server_config: {cert_file: pipe, key_file: k}"), key + "pipe: not a regular file");
  EXPECT_EQ(ErrorOf("tls_server_config: {cert_file: /dev/zero, key_file: k}"), key + "/dev/zero: not a regular file");
  EXPECT_EQ(ErrorOf("tls_server_config: {cert_file: long, key_file: k}"),
            key + "long: longer than 1 MiB; is this the right file?");
  EXPECT_EQ(ErrorOf(std::string((1 << 20) + 1, '#')), "web.yml: longer than 1 MiB; is this the right file?");
  EXPECT_EQ(LoadWebConfig(tree_.At("pipe")).error().message, tree_.At("pipe") + ": not a regular file");
}

TEST_F(WebConfigTest, PoliciesAndVersionsGoByGosNames) {
  EXPECT_EQ(ErrorOf(kCertificate + "  client_auth_type: requireAnyClientCert\n"),
            "web.yml:4: tls_server_config.client_auth_type: \"requireAnyClientCert\" is not one of NoClientCert, "
            "RequestClientCert, RequireAnyClientCert, RequireClientCert, VerifyClientCertIfGiven, "
            "RequireAndVerifyClientCert");
  EXPECT_EQ(ErrorOf(kCertificate + "  min_version: TLS1.2\n"),
            "web.yml:4: tls_server_config.min_version: \"TLS1.2\" is not one of TLS10, TLS11, TLS12, TLS13");
  EXPECT_EQ(ErrorOf(kCertificate + "  max_version: TLS14\n"),
            "web.yml:4: tls_server_config.max_version: \"TLS14\" is not one of TLS10, TLS11, TLS12, TLS13");
  EXPECT_EQ(ConfigOf(kCertificate + "  client_auth_type: RequireClientCert\n").tls->client_auth,
            http::ClientAuth::kRequireAnyClientCert);
  EXPECT_EQ(ConfigOf(kCertificate + "  client_auth_type: RequestClientCert\n").tls->client_auth,
            http::ClientAuth::kRequestClientCert);
  const WebConfig old = ConfigOf(kCertificate + "  min_version: TLS10\n  max_version: TLS11\n");
  EXPECT_EQ(old.tls->min_version, http::TlsVersion::k10);
  EXPECT_EQ(old.tls->max_version, http::TlsVersion::k11);
}

TEST_F(WebConfigTest, TheLowestVersionIsNotAboveTheHighest) {
  const std::string error = ": min_version is above max_version; by default they are TLS12 and TLS13";
  EXPECT_EQ(ErrorOf(kCertificate + "  max_version: TLS12\n  min_version: TLS13\n"),
            "web.yml:5: tls_server_config.min_version" + error);
  EXPECT_EQ(ErrorOf(kCertificate + "  max_version: TLS11\n"), "web.yml:4: tls_server_config.max_version" + error);
}

TEST_F(WebConfigTest, WhatIsAskedOfClientsCanBeHeldTo) {
  for (const char* policy : {"VerifyClientCertIfGiven", "RequireAndVerifyClientCert"}) {
    const std::string asked = kCertificate + "  client_auth_type: " + policy + "\n";
    EXPECT_EQ(ErrorOf(asked),
              "web.yml:4: tls_server_config.client_auth_type: clients' certificates can be verified with their CA "
              "only; add client_ca_file or client_ca");
    EXPECT_EQ(ConfigOf(asked + "  client_ca_file: ca\n").tls->client_ca, kPem);
  }
  EXPECT_EQ(ErrorOf(kCertificate + "  client_ca_file: ca\n"),
            "web.yml:4: tls_server_config.client_ca_file: no client is asked for a certificate; add "
            "client_auth_type: RequireAndVerifyClientCert");
}

TEST_F(WebConfigTest, AllowedNamesNeedACertificateToStandIn) {
  const std::string sans = kCertificate + "  client_ca_file: ca\n  client_allowed_sans: [a.example]\n";
  for (const char* policy : {"RequestClientCert", "VerifyClientCertIfGiven"}) {
    EXPECT_EQ(ErrorOf(sans + "  client_auth_type: " + policy + "\n"),
              "web.yml:5: tls_server_config.client_allowed_sans: clients may come without a certificate; set "
              "client_auth_type to RequireAndVerifyClientCert or RequireAnyClientCert");
  }
  for (const char* policy : {"RequireAnyClientCert", "RequireAndVerifyClientCert"}) {
    EXPECT_EQ(ConfigOf(sans + "  client_auth_type: " + policy + "\n").tls->client_allowed_sans,
              std::vector<std::string>{"a.example"});
  }
  EXPECT_EQ(
      ErrorOf(kCertificate + "  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: []\n"),
      "web.yml:5: tls_server_config.client_allowed_sans: nobody is listed; leave the key out to let everybody in");
  EXPECT_EQ(ErrorOf(kCertificate + "  cipher_suites: [A, '']\n"),
            "web.yml:4: tls_server_config.cipher_suites: an element of the list is empty");
}

TEST_F(WebConfigTest, UsersHaveNamesAndBcryptHashes) {
  for (const char* kind : {"a", "b", "x", "y"}) {
    const std::string hash = "$2" + std::string(kind) + "$04$" + kLetters;
    EXPECT_EQ(ConfigOf("basic_auth_users: {me: " + hash + "}").users.at("me"), hash);
  }
  const std::string no_hash = ": no bcrypt hash (60 characters, cost 4 to 31); htpasswd -nBC 10 USER makes one";
  for (const std::string& bad :
       {std::string("hunter2"), "$2y$03$" + kLetters, "$2y$32$" + kLetters, "$2z$10$" + kLetters, "$2y$1x$" + kLetters,
        "$2y$10$" + kLetters + "x", "$2y$10$" + kLetters.substr(1), "$2y$10$" + kLetters.substr(1) + "!",
        std::string("$apr1$salt$hash"), std::string("''")}) {
    EXPECT_EQ(ErrorOf("basic_auth_users:\n  me: " + bad + "\n"), "web.yml:2: basic_auth_users.me" + no_hash) << bad;
  }
  EXPECT_EQ(ErrorOf("basic_auth_users:\n  me:\n"),
            "web.yml:2: basic_auth_users.me: the hash of a password is expected, not nothing");
  const std::string no_name = ": a user's name must not be empty nor hold a colon or control characters";
  EXPECT_EQ(ErrorOf("basic_auth_users: {'': $2y$10$" + kLetters + "}"), "web.yml:1: basic_auth_users." + no_name);
  EXPECT_EQ(ErrorOf("basic_auth_users: {'a:b': $2y$10$" + kLetters + "}"), "web.yml:1: basic_auth_users.a:b" + no_name);
  EXPECT_EQ(ErrorOf("basic_auth_users: {\"a\\nb\": $2y$10$" + kLetters + "}"),
            "web.yml:1: basic_auth_users.a\uFFFDb" + no_name);
}

TEST_F(WebConfigTest, HashesThatTakeLongAreWarnedOf) {
  EXPECT_EQ(WarningOf("basic_auth_users:\n  me: $2y$15$" + kLetters + "\n"),
            "web.yml:2: basic_auth_users.me: at cost 15 the first request takes seconds or more; 10 is usual");
  EXPECT_TRUE(ConfigOf("basic_auth_users: {me: $2y$14$" + kLetters + "}").warnings.empty());
}

TEST_F(WebConfigTest, HeadersAreThoseOfTheSchema) {
  const WebConfig config =
      ConfigOf("http_server_config: {headers: {x-frame-OPTIONS: SameOrigin, X-XSS-Protection: ''}}");
  ASSERT_EQ(config.headers.size(), 1U);
  EXPECT_EQ(config.headers.front().first, "X-Frame-Options");
  EXPECT_EQ(config.headers.front().second, "sameorigin");
  const std::string headers = "http_server_config:\n  headers:\n    ";
  const std::string origin = "web.yml:3: http_server_config.headers.";
  EXPECT_EQ(ErrorOf(headers + "X-Frame-Options: allow\n"),
            origin + "X-Frame-Options: \"allow\" is not one of deny, sameorigin");
  EXPECT_EQ(ErrorOf(headers + "X-Content-Type-Options: sniff\n"),
            origin + "X-Content-Type-Options: \"sniff\" is not one of nosniff");
  EXPECT_EQ(ErrorOf(headers + "Content-Security-Policy: \"a\\r\\nSet-Cookie: b\"\n"),
            origin + "Content-Security-Policy: a header must stand on one line, without control characters");
  EXPECT_EQ(ErrorOf(headers + "X-Frame-Option: deny\n"),
            origin + "X-Frame-Option: unknown key; did you mean X-Frame-Options?");
  EXPECT_EQ(ErrorOf(headers + "\"X-Frame-Options\\0\": deny\n"),
            origin + "X-Frame-Options\uFFFD: unknown key; did you mean X-Frame-Options?");
  EXPECT_EQ(ErrorOf(headers + "X-Frame-Options: deny\n    x-frame-options: deny\n"),
            "web.yml:4: http_server_config.headers.x-frame-options: given twice");
}

TEST_F(WebConfigTest, ARateLimitHasAnIntervalAndABurst) {
  EXPECT_EQ(ErrorOf("rate_limit:\n  interval: -1s\n  burst: 1\n"),
            "web.yml:2: rate_limit.interval: \"-1s\" is negative; a duration must not be");
  EXPECT_EQ(ErrorOf("rate_limit: {interval: 5, burst: 1}"),
            "web.yml:1: rate_limit.interval: \"5\" is not a duration (such as 5s or 500ms)");
  const std::string none = ": rate_limit.burst must be 1 or more, or no request would be answered";
  EXPECT_EQ(ErrorOf("rate_limit:\n  interval: 1s\n  burst: 0\n"), "web.yml:3: rate_limit.burst" + none);
  EXPECT_EQ(ErrorOf("rate_limit:\n  interval: 1s\n"), "web.yml:2: rate_limit.interval" + none);
  EXPECT_EQ(ErrorOf("rate_limit: {interval: 1s, burst: -1}"),
            "web.yml:1: rate_limit.burst: \"-1\" is not a whole number from 0 to 1000000000");
  EXPECT_EQ(WarningOf("rate_limit: {burst: 5}"),
            "web.yml:1: rate_limit.burst: without effect; rate_limit.interval turns the limit on");
}

TEST_F(WebConfigTest, AnUnknownKeyIsAnErrorWithTheNearest) {
  EXPECT_EQ(ErrorOf(kCertificate + "  cert_fil: c\n"),
            "web.yml:4: tls_server_config.cert_fil: unknown key; did you mean cert_file?");
  EXPECT_EQ(ErrorOf("rate_limit: {banana: 1}"), "web.yml:1: rate_limit.banana: unknown key; known are interval, burst");
  EXPECT_EQ(ErrorOf("cert_file: c\n"),
            "web.yml:1: cert_file: unknown key; known are tls_server_config, http_server_config, basic_auth_users, "
            "rate_limit");
  EXPECT_EQ(
      ErrorOf("rate_limit.burst: 1\n"),
      "web.yml:1: rate_limit.burst: unknown key; known are tls_server_config, http_server_config, basic_auth_users, "
      "rate_limit");
}

TEST_F(WebConfigTest, NamesTheKeyWhoseValueHasTheWrongShape) {
  EXPECT_EQ(ErrorOf("tls_server_config: [a]"),
            "web.yml:1: tls_server_config: a section with keys of its own is expected, not a list");
  EXPECT_EQ(ErrorOf("tls_server_config: {cert_file: [a]}"),
            "web.yml:1: tls_server_config.cert_file: a single value is expected, not a list");
  EXPECT_EQ(ErrorOf("tls_server_config: {cipher_suites: {a: b}}"),
            "web.yml:1: tls_server_config.cipher_suites: a list is expected, not a map");
  EXPECT_EQ(ErrorOf("tls_server_config: {cipher_suites: [[a]]}"),
            "web.yml:1: tls_server_config.cipher_suites: a list of single values is expected, but it holds a list");
  EXPECT_EQ(ErrorOf("[a]"), "web.yml:1: sections such as \"tls_server_config:\" are expected, not a list");
  EXPECT_EQ(ErrorOf("? [a]\n: b\n"), "web.yml:1: a key is expected, not a list");
  EXPECT_EQ(ErrorOf("http_server_config: {http2: maybe}"),
            "web.yml:1: http_server_config.http2: \"maybe\" is neither true nor false");
}

TEST_F(WebConfigTest, AKeyMayBeGivenOnlyOnce) {
  EXPECT_EQ(ErrorOf(kCertificate + "  key_file: k\n"), "web.yml:4: tls_server_config.key_file: given twice");
  EXPECT_EQ(ErrorOf("rate_limit:\nrate_limit:\n"), "web.yml:2: rate_limit: given twice");
  EXPECT_EQ(ErrorOf("basic_auth_users:\n  me: x\n  me: y\n"), "web.yml:3: basic_auth_users.me: given twice");
}

TEST_F(WebConfigTest, BrokenYamlNamesTheLine) {
  EXPECT_EQ(ErrorOf("rate_limit:\n  interval: \"1s\n"), "web.yml:2: not valid YAML: illegal EOF in scalar");
  EXPECT_EQ(ErrorOf("rate_limit: {}\n---\nrate_limit: {}\n"),
            "web.yml:2: a second document begins; only one is expected");
}

TEST_F(WebConfigTest, MergeKeysWork) {
  EXPECT_EQ(ErrorOf("rate_limit: {<<: {interval: 1s, burst: 1}, burst: 2}\n"), "");
  EXPECT_EQ(ErrorOf("rate_limit: {<<: 1s}\n"), "web.yml:1: <<: a map or a list of maps is expected");
}

TEST_F(WebConfigTest, AliasesCannotMakeItLong) {
  std::string bomb = "rate_limit: {interval: 1s, burst: 1}\ntls_server_config:\n  curve_preferences:\n  - &a0 [x, x]\n";
  for (int i = 1; i < 60; ++i) {
    const std::string previous = "*a" + std::to_string(i - 1);
    bomb += "  - &a" + std::to_string(i) + " [" + previous + ", " + previous + "]\n";
  }
  EXPECT_EQ(ErrorOf(bomb),
            "web.yml:3: tls_server_config.curve_preferences: a list of single values is expected, but it holds a list");
  EXPECT_EQ(ErrorOf("&root\ntls_server_config: *root\n"),
            "web.yml:2: tls_server_config.tls_server_config: unknown key; known are cert, key, client_ca, cert_file, "
            "key_file, client_ca_file, client_auth_type, client_allowed_sans, min_version, max_version, "
            "cipher_suites, prefer_server_cipher_suites, curve_preferences");
  EXPECT_EQ(ErrorOf("basic_auth_users: &u\n  me: *u\n"),
            "web.yml:2: basic_auth_users.me: the hash of a password is expected, not a map");
}

// Wherever a secret is put by mistake.
TEST_F(WebConfigTest, SecretsAreNeverShown) {
  const std::string hash = "$2y$10$" + kLetters;
  const std::string pem = "\"-----BEGIN PRIVATE KEY-----\\n" + kLetters + "\"";
  std::vector<std::string> texts = {"basic_auth_users: " + hash,
                                    "basic_auth_users: {me: " + hash + "x}",
                                    "basic_auth_users: {" + hash + ": me}",
                                    "basic_auth_users: {me: *" + kLetters + "}",
                                    "basic_auth_users: {me: [" + hash + "]}",
                                    "basic_auth_users: {me: " + hash + ", me: " + hash + "}",
                                    hash,
                                    "[" + hash + "]",
                                    hash + ": me",
                                    "tls_server_config: {key: " + pem + "}",
                                    "tls_server_config: {key: " + kLetters + ", cert: " + pem + "}",
                                    "tls_server_config: {key: [" + pem + "]}",
                                    pem + ": 1",
                                    "a: b: " + hash,
                                    "tls_server_config: " + pem,
                                    "tls_server_config: {key: " + pem + ", key_file: k, cert_file: c}"};
  for (const WebKey& key : WebKeys()) {
    if (key.section.empty() || key.kind == YamlKind::kSecret || key.kind == YamlKind::kSection) continue;
    const std::string name = std::string(key.name);
    for (const std::string& secret : {hash, pem}) {
      const std::string entry = "{" + name + ": " + secret + "}";
      const bool header = key.section == "http_server_config.headers";
      texts.push_back(header ? "http_server_config: {headers: " + entry + "}"
                             : std::string(key.section) + ": " + entry);
      texts.push_back(std::string(key.section) + ": {" + name + ": {" + secret + ": " + secret + "}}");
    }
  }
  for (const std::string& text : texts) {
    const std::string error = ErrorOf(text);
    EXPECT_NE(error, "") << text;
    EXPECT_TRUE(error.starts_with("web.yml:")) << error;
    EXPECT_EQ(error.find(kLetters.substr(0, 20)), std::string::npos) << text << "\n" << error;
  }
  const std::string warning = WarningOf("basic_auth_users: {me: $2y$20$" + kLetters + "}");
  EXPECT_EQ(warning.find(kLetters.substr(0, 20)), std::string::npos) << warning;
}

TEST(WebConfigurationDocumentTest, HasARowForEachKey) {
  const auto document = ReadFile("docs/web-configuration.md");
  ASSERT_TRUE(document) << document.error().message;
  for (const WebKey& key : WebKeys()) {
    const std::string row = "\n| `" + key.FullName() + "` |";
    EXPECT_NE(document->find(row), std::string::npos) << "docs/web-configuration.md lacks" << row;
  }
}

}  // namespace
}  // namespace brahe::web
