// A folder with files that the texts name, among them a pipe that nobody writes to: names are made up as well, and
// whatever they lead to must neither block nor go on for ever.
#include <sys/stat.h>

#include <algorithm>

#include "userspace/base/fuzz_input.h"
#include "userspace/base/temp_tree.h"
#include "userspace/web/web_config.h"

namespace brahe::web {
namespace {

bool HasControls(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < ' '; });
}

// One line about the file, without secrets.
void CheckMessage(const std::string& message, const std::string& path) {
  Require(message.starts_with(path + ":"), "a message names the file: " + message);
  Require(message.size() < 10'000 && !HasControls(message), "a message is one line: " + message);
  for (const char* secret : {"-----BEGIN", "$2a$", "$2b$", "$2y$"}) {
    Require(message.find(secret) == std::string::npos, "a message has no secret: " + message);
  }
}

void CheckTls(const http::TlsOptions& tls) {
  Require(tls.certificate.find("-----BEGIN ") != std::string::npos, "a certificate is PEM");
  Require(tls.key.find("-----BEGIN ") != std::string::npos, "a key is PEM");
  Require(tls.min_version <= tls.max_version, "there is a version");
  const bool verifies = tls.client_auth == http::ClientAuth::kVerifyClientCertIfGiven ||
                        tls.client_auth == http::ClientAuth::kRequireAndVerifyClientCert;
  Require(!verifies || !tls.client_ca.empty(), "clients are verified by somebody");
  const bool requires_one = tls.client_auth == http::ClientAuth::kRequireAnyClientCert ||
                            tls.client_auth == http::ClientAuth::kRequireAndVerifyClientCert;
  Require(requires_one || tls.client_allowed_sans.empty(), "names are of clients with a certificate");
}

void Check(const WebConfig& config, const std::string& path) {
  for (const std::string& warning : config.warnings) CheckMessage(warning, path);
  if (config.tls) CheckTls(*config.tls);
  for (const auto& [name, hash] : config.users) {
    Require(!name.empty() && name.find(':') == std::string::npos, "a user has a name");
    Require(hash.size() == 60, "a hash is bcrypt's");
  }
  for (const auto& [name, value] : config.headers) Require(!HasControls(value), "a header is one line");
  Require(!config.rate_limit || (config.rate_limit->interval.value > 0 && config.rate_limit->burst > 0),
          "a limit lets somebody in");
  Require(config.files.front() == path, "the file is the first that was read");
}

}  // namespace
}  // namespace brahe::web

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const brahe::TempTree tree;
  static const bool made = [] {
    tree.Write("server.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    tree.Write("server.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    tree.Write("clients.crt", "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n");
    return mkfifo(tree.At("pipe").c_str(), 0600) == 0;
  }();
  brahe::Require(made, "there is a pipe");
  const std::string path = tree.At("web.yml");
  tree.Write("web.yml", brahe::TextOf(data, size));
  const auto config = brahe::web::LoadWebConfig(path);
  if (config) {
    brahe::web::Check(*config, path);
  } else {
    brahe::web::CheckMessage(config.error().message, path);
  }
  return 0;
}
