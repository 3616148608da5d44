#include "userspace/web/web_config.h"

#include <optional>
#include <string_view>
#include <utility>

#include "userspace/web/web_file.h"
#include "userspace/web/web_keys.h"

namespace brahe::web {
namespace {

const std::string kTls = "tls_server_config";

using WebFile = std::vector<YamlGiven>;

// What was written for the key `name` of TLS or for its twin, which names a file; an Error if for both.
Result<const YamlGiven*> FindPem(const WebFile& file, const std::string& name) {
  const YamlGiven* text = FindGiven(file, kTls + "." + name);
  const YamlGiven* in_file = FindGiven(file, kTls + "." + name + "_file");
  if (text != nullptr && in_file != nullptr) {
    return MakeError(in_file->origin + ": " + name + " is given as well; keep one of the two");
  }
  return text != nullptr ? text : in_file;
}

// That there are a certificate and its key, once each.
Status CheckCertificate(const WebFile& file) {
  const auto certificate = FindPem(file, "cert");
  if (!certificate) return certificate.error();
  const auto key = FindPem(file, "key");
  if (!key) return key.error();
  if (*certificate != nullptr && *key != nullptr) return {};
  if (*certificate != nullptr) {
    return MakeError((*certificate)->origin + ": a certificate needs its key; add key_file or key");
  }
  if (*key != nullptr) return MakeError((*key)->origin + ": a key needs its certificate; add cert_file or cert");
  return MakeError(FindGiven(file, kTls)->origin + ": TLS needs a certificate and its key; add cert_file and key_file");
}

// That what is asked of clients can be held to.
Status CheckClients(const WebFile& file, http::ClientAuth policy) {
  const auto ca = FindPem(file, "client_ca");
  if (!ca) return ca.error();
  const bool verifies =
      policy == http::ClientAuth::kVerifyClientCertIfGiven || policy == http::ClientAuth::kRequireAndVerifyClientCert;
  if (verifies && *ca == nullptr) {
    return MakeError(FindGiven(file, "tls_server_config.client_auth_type")->origin +
                     ": clients' certificates can be verified with their CA only; add client_ca_file or client_ca");
  }
  if (policy == http::ClientAuth::kNoClientCert && *ca != nullptr) {
    return MakeError((*ca)->origin +
                     ": no client is asked for a certificate; add client_auth_type: RequireAndVerifyClientCert");
  }
  const YamlGiven* sans = FindGiven(file, "tls_server_config.client_allowed_sans");
  const bool requires_one =
      policy == http::ClientAuth::kRequireAnyClientCert || policy == http::ClientAuth::kRequireAndVerifyClientCert;
  if (sans != nullptr && !requires_one) {
    return MakeError(sans->origin +
                     ": clients may come without a certificate; set client_auth_type to RequireAndVerifyClientCert "
                     "or RequireAnyClientCert");
  }
  return {};
}

Status CheckVersions(const WebFile& file, const http::TlsOptions& tls) {
  if (tls.min_version <= tls.max_version) return {};
  const YamlGiven* min = FindGiven(file, "tls_server_config.min_version");
  // Either is given, as the defaults go together.
  return MakeError((min != nullptr ? min : FindGiven(file, "tls_server_config.max_version"))->origin +
                   ": min_version is above max_version; by default they are TLS12 and TLS13");
}

// The cost of a bcrypt hash; nullopt if `hash` is none.
std::optional<int> CostOfHash(std::string_view hash) {
  constexpr size_t kLength = 60;
  constexpr std::string_view kDigits = "0123456789";
  constexpr std::string_view kLetters = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  if (hash.size() != kLength || !hash.starts_with("$2") || hash[3] != '$' || hash[6] != '$') return std::nullopt;
  if (std::string_view("abxy").find(hash[2]) == std::string_view::npos) return std::nullopt;
  if (hash.substr(4, 2).find_first_not_of(kDigits) != std::string_view::npos) return std::nullopt;
  if (hash.substr(7).find_first_not_of(kLetters) != std::string_view::npos) return std::nullopt;
  const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
  return cost >= 4 && cost <= 31 ? std::optional(cost) : std::nullopt;
}

Status TakeUser(const YamlGiven& user, WebConfig& config) {
  constexpr int kSlow = 14;  // a second or so
  if (user.name.empty() || HasControlCharacter(user.name) || user.name.find(':') != std::string::npos) {
    return MakeError(user.origin + ": a user's name must not be empty nor hold a colon or control characters");
  }
  const auto cost = CostOfHash(user.texts.front());
  if (!cost) {
    return MakeError(user.origin + ": no bcrypt hash (60 characters, cost 4 to 31); htpasswd -nBC 10 USER makes one");
  }
  if (*cost > kSlow) {
    config.warnings.push_back(user.origin + ": at cost " + std::to_string(*cost) + " the first request takes " +
                              "seconds or more; 10 is usual");
  }
  config.users[user.name] = user.texts.front();
  return {};
}

Status TakeRateLimit(const WebFile& file, WebDraft& draft) {
  const YamlGiven* interval = FindGiven(file, "rate_limit.interval");
  const YamlGiven* burst = FindGiven(file, "rate_limit.burst");
  if (interval == nullptr && burst != nullptr) {
    draft.config.warnings.push_back(burst->origin + ": without effect; rate_limit.interval turns the limit on");
  }
  if (draft.interval.value == 0) return {};
  if (draft.burst == 0) {
    return MakeError((burst != nullptr ? burst : interval)->origin +
                     ": rate_limit.burst must be 1 or more, or no request would be answered");
  }
  draft.config.rate_limit = RateLimit{.interval = draft.interval, .burst = draft.burst};
  return {};
}

}  // namespace

Result<WebConfig> LoadWebConfig(const std::string& path) {
  const auto file = ReadWebFile(path);
  if (!file) return file.error();
  // Also with keys that were left empty, rather than to serve in the clear what was meant to be encrypted.
  const bool wants_tls = FindGiven(*file, kTls) != nullptr;
  if (wants_tls) {
    if (const Status checked = CheckCertificate(*file); !checked) return checked.error();
  }

  WebDraft draft{.path = path};
  draft.config.files.push_back(path);
  for (const WebKey& key : WebKeys()) {
    const YamlGiven* written = FindGiven(*file, key.FullName());
    if (written == nullptr || key.take == nullptr) continue;
    if (const Status taken = key.take(key, *written, draft); !taken) return taken.error();
  }
  for (const YamlGiven& user : *file) {
    if (user.key != "basic_auth_users") continue;
    if (const Status taken = TakeUser(user, draft.config); !taken) return taken.error();
  }
  if (const Status taken = TakeRateLimit(*file, draft); !taken) return taken.error();

  if (wants_tls) {
    if (const Status checked = CheckVersions(*file, draft.tls); !checked) return checked.error();
    if (const Status checked = CheckClients(*file, draft.tls.client_auth); !checked) return checked.error();
    draft.config.tls = std::move(draft.tls);
  }
  return std::move(draft.config);
}

}  // namespace brahe::web
