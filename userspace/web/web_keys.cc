#include "userspace/web/web_keys.h"

#include <linux/limits.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "userspace/base/duration.h"
#include "userspace/base/file.h"
#include "userspace/base/values.h"

namespace brahe::web {
namespace {

constexpr std::string_view kTls = "tls_server_config";
constexpr std::string_view kHttp = "http_server_config";
constexpr std::string_view kHeaders = "http_server_config.headers";
constexpr std::string_view kRateLimit = "rate_limit";

Error ErrorAt(const YamlGiven& written, const std::string& what) { return MakeError(written.origin + ": " + what); }

// Stores PEM text and shows nothing of it. An empty CA would otherwise count as none.
Status StorePem(const YamlGiven& written, std::string text, std::string& field) {
  if (text.find("-----BEGIN ") == std::string::npos) {
    return ErrorAt(written, "no PEM text, which has lines that say BEGIN and END; openssl converts other forms");
  }
  field = std::move(text);
  return {};
}

template <std::string http::TlsOptions::*field>
Status TakePem(const WebKey&, const YamlGiven& written, WebDraft& draft) {
  return StorePem(written, written.texts.front(), draft.tls.*field);
}

template <std::string http::TlsOptions::*field>
Status TakeFile(const WebKey&, const YamlGiven& written, WebDraft& draft) {
  const std::string& name = written.texts.front();
  if (name.size() >= PATH_MAX || HasControlCharacter(name)) {
    return ErrorAt(written, "the name of a file is expected, of fewer than 4096 bytes and without control characters");
  }
  const std::string path = std::filesystem::path(draft.path).parent_path() / name;
  auto text = ReadRegularFile(path);
  if (!text) return Error{text.error().code, written.origin + ": " + text.error().message};
  draft.config.files.push_back(path);
  return StorePem(written, std::move(*text), draft.tls.*field);
}

template <typename T>
struct Named {
  std::string name;
  T value;
};

// The value that goes by the name that was written; letters' case counts, as in Go.
template <typename T>
Status StoreNamed(const YamlGiven& written, const std::vector<Named<T>>& known, T& field) {
  std::vector<std::string> names;
  for (const Named<T>& candidate : known) {
    if (candidate.name == written.texts.front()) {
      field = candidate.value;
      return {};
    }
    names.push_back(candidate.name);
  }
  return ErrorAt(written, Quoted(written.texts.front()) + " is not one of " + Joined(names));
}

Status TakeClientAuth(const WebKey&, const YamlGiven& written, WebDraft& draft) {
  static const std::vector<Named<http::ClientAuth>> kKnown = {
      {"NoClientCert", http::ClientAuth::kNoClientCert},
      {"RequestClientCert", http::ClientAuth::kRequestClientCert},
      {"RequireAnyClientCert", http::ClientAuth::kRequireAnyClientCert},
      {"RequireClientCert", http::ClientAuth::kRequireAnyClientCert},  // its name in old files
      {"VerifyClientCertIfGiven", http::ClientAuth::kVerifyClientCertIfGiven},
      {"RequireAndVerifyClientCert", http::ClientAuth::kRequireAndVerifyClientCert},
  };
  return StoreNamed(written, kKnown, draft.tls.client_auth);
}

template <http::TlsVersion http::TlsOptions::*field>
Status TakeVersion(const WebKey&, const YamlGiven& written, WebDraft& draft) {
  static const std::vector<Named<http::TlsVersion>> kKnown = {{"TLS10", http::TlsVersion::k10},
                                                              {"TLS11", http::TlsVersion::k11},
                                                              {"TLS12", http::TlsVersion::k12},
                                                              {"TLS13", http::TlsVersion::k13}};
  return StoreNamed(written, kKnown, draft.tls.*field);
}

template <std::vector<std::string> http::TlsOptions::*field>
Status TakeList(const WebKey&, const YamlGiven& written, WebDraft& draft) {
  for (const std::string& text : written.texts) {
    if (text.empty()) return ErrorAt(written, "an element of the list is empty");
  }
  draft.tls.*field = written.texts;
  return {};
}

Status TakeAllowedSans(const WebKey& key, const YamlGiven& written, WebDraft& draft) {
  // TlsOptions has the empty list stand for everybody, which this could not mean.
  if (written.texts.empty()) return ErrorAt(written, "nobody is listed; leave the key out to let everybody in");
  return TakeList<&http::TlsOptions::client_allowed_sans>(key, written, draft);
}

Result<bool> Boolean(const YamlGiven& written) {
  const auto value = ParseBoolean(written.texts.front());
  if (!value) return ErrorAt(written, value.error().message);
  return value;
}

Status TakePreferServer(const WebKey&, const YamlGiven& written, WebDraft& draft) {
  const auto prefer = Boolean(written);
  if (!prefer) return prefer.error();
  draft.tls.prefer_server_cipher_suites = *prefer;
  return {};
}

Status TakeHttp2(const WebKey&, const YamlGiven& written, WebDraft& draft) {
  const auto http2 = Boolean(written);
  if (!http2) return http2.error();
  if (*http2) draft.config.warnings.push_back(written.origin + ": without effect; HTTP/1.1 is spoken here");
  return {};
}

Status TakeHeader(const WebKey& key, const YamlGiven& written, WebDraft& draft) {
  const std::string value(Trim(written.texts.front()));
  if (HasControlCharacter(value))
    return ErrorAt(written, "a header must stand on one line, without control characters");
  if (!value.empty()) draft.config.headers.emplace_back(key.name, value);
  return {};
}

// A header that may only be one of these words.
Status TakeWordHeader(const WebKey& key, const YamlGiven& written, WebDraft& draft,
                      const std::vector<std::string>& words) {
  const auto word = ParseWord(Trim(written.texts.front()), words);
  if (!word) return ErrorAt(written, word.error().message);
  draft.config.headers.emplace_back(key.name, *word);
  return {};
}

Status TakeFrameOptions(const WebKey& key, const YamlGiven& written, WebDraft& draft) {
  return TakeWordHeader(key, written, draft, {"deny", "sameorigin"});
}

Status TakeContentTypeOptions(const WebKey& key, const YamlGiven& written, WebDraft& draft) {
  return TakeWordHeader(key, written, draft, {"nosniff"});
}

Status TakeInterval(const WebKey&, const YamlGiven& written, WebDraft& draft) {
  const auto interval = ParseDuration(written.texts.front());
  if (!interval) return ErrorAt(written, interval.error().message);
  draft.interval = *interval;
  return {};
}

Status TakeBurst(const WebKey&, const YamlGiven& written, WebDraft& draft) {
  constexpr uint64_t kMost = 1'000'000'000;
  const auto burst = ParseCount(written.texts.front(), kMost);
  if (!burst) return ErrorAt(written, burst.error().message);
  draft.burst = *burst;
  return {};
}

}  // namespace

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

std::string WebKey::FullName() const {
  return section.empty() ? std::string(name) : std::string(section) + "." + std::string(name);
}

const std::vector<WebKey>& WebKeys() {
  using Tls = http::TlsOptions;
  static const std::vector<WebKey> kKeys = {
      {"", kTls, YamlKind::kSection, nullptr},
      {kTls, "cert", YamlKind::kSecret, TakePem<&Tls::certificate>},
      {kTls, "key", YamlKind::kSecret, TakePem<&Tls::key>},
      {kTls, "client_ca", YamlKind::kSecret, TakePem<&Tls::client_ca>},
      {kTls, "cert_file", YamlKind::kValue, TakeFile<&Tls::certificate>},
      {kTls, "key_file", YamlKind::kValue, TakeFile<&Tls::key>},
      {kTls, "client_ca_file", YamlKind::kValue, TakeFile<&Tls::client_ca>},
      {kTls, "client_auth_type", YamlKind::kValue, TakeClientAuth},
      {kTls, "client_allowed_sans", YamlKind::kList, TakeAllowedSans},
      {kTls, "min_version", YamlKind::kValue, TakeVersion<&Tls::min_version>},
      {kTls, "max_version", YamlKind::kValue, TakeVersion<&Tls::max_version>},
      {kTls, "cipher_suites", YamlKind::kList, TakeList<&Tls::cipher_suites>},
      {kTls, "prefer_server_cipher_suites", YamlKind::kValue, TakePreferServer},
      {kTls, "curve_preferences", YamlKind::kList, TakeList<&Tls::curve_preferences>},
      {"", kHttp, YamlKind::kSection, nullptr},
      {kHttp, "http2", YamlKind::kValue, TakeHttp2},
      {kHttp, "headers", YamlKind::kSection, nullptr},
      {kHeaders, "Content-Security-Policy", YamlKind::kValue, TakeHeader},
      {kHeaders, "X-Frame-Options", YamlKind::kValue, TakeFrameOptions},
      {kHeaders, "X-Content-Type-Options", YamlKind::kValue, TakeContentTypeOptions},
      {kHeaders, "X-XSS-Protection", YamlKind::kValue, TakeHeader},
      {kHeaders, "Strict-Transport-Security", YamlKind::kValue, TakeHeader},
      {"", "basic_auth_users", YamlKind::kNames, nullptr},
      {"", kRateLimit, YamlKind::kSection, nullptr},
      {kRateLimit, "interval", YamlKind::kValue, TakeInterval},
      {kRateLimit, "burst", YamlKind::kValue, TakeBurst},
  };
  return kKeys;
}

}  // namespace brahe::web
