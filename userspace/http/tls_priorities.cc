#include "userspace/http/tls_priorities.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "userspace/base/nearest_name.h"

namespace brahe::http {
namespace {

struct NamedSuite {
  const char* name;
  uint16_t id;
};

// The suites that Go lets a server choose from, as IANA names and numbers them.
constexpr std::array kSuites = {
    NamedSuite{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xc02b},
    NamedSuite{"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 0xc02c},
    NamedSuite{"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca9},
    NamedSuite{"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", 0xc009},
    NamedSuite{"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", 0xc023},
    NamedSuite{"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", 0xc00a},
    NamedSuite{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 0xc02f},
    NamedSuite{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", 0xc030},
    NamedSuite{"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca8},
    NamedSuite{"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", 0xc013},
    NamedSuite{"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", 0xc027},
    NamedSuite{"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", 0xc014},
    NamedSuite{"TLS_RSA_WITH_AES_128_GCM_SHA256", 0x009c},
    NamedSuite{"TLS_RSA_WITH_AES_256_GCM_SHA384", 0x009d},
    NamedSuite{"TLS_RSA_WITH_AES_128_CBC_SHA", 0x002f},
    NamedSuite{"TLS_RSA_WITH_AES_128_CBC_SHA256", 0x003c},
    NamedSuite{"TLS_RSA_WITH_AES_256_CBC_SHA", 0x0035},
    // Version 1.3's may stand in a list, and do nothing there.
    NamedSuite{"TLS_AES_128_GCM_SHA256", 0x1301},
    NamedSuite{"TLS_AES_256_GCM_SHA384", 0x1302},
    NamedSuite{"TLS_CHACHA20_POLY1305_SHA256", 0x1303},
};

constexpr std::array<std::pair<const char*, const char*>, 4> kCurves = {{
    {"CurveP256", "GROUP-SECP256R1"},
    {"CurveP384", "GROUP-SECP384R1"},
    {"CurveP521", "GROUP-SECP521R1"},
    {"X25519", "GROUP-X25519"},
}};

struct Version {
  const char* name;
  const char* priority;
  gnutls_protocol_t gnutls;
};
constexpr std::array kVersions = {
    // by TlsVersion
    Version{"TLS10", "VERS-TLS1.0", GNUTLS_TLS1_0},
    Version{"TLS11", "VERS-TLS1.1", GNUTLS_TLS1_1},
    Version{"TLS12", "VERS-TLS1.2", GNUTLS_TLS1_2},
    Version{"TLS13", "VERS-TLS1.3", GNUTLS_TLS1_3},
};
const Version& At(TlsVersion version) { return kVersions.at(static_cast<size_t>(version)); }

// A suite as GnuTLS sees it.
struct Suite {
  std::string name;
  uint16_t id = 0;
  gnutls_kx_algorithm_t kx = GNUTLS_KX_UNKNOWN;
  gnutls_cipher_algorithm_t cipher = GNUTLS_CIPHER_UNKNOWN;
  gnutls_mac_algorithm_t mac = GNUTLS_MAC_UNKNOWN;
  gnutls_protocol_t since = GNUTLS_VERSION_UNKNOWN;
};

// The library's suite at `index`; nullopt after the last.
std::optional<Suite> SuiteAt(size_t index) {
  std::array<unsigned char, 2> id{};
  Suite suite;
  const char* name = gnutls_cipher_suite_info(index, id.data(), &suite.kx, &suite.cipher, &suite.mac, &suite.since);
  if (!name) return std::nullopt;
  suite.id = static_cast<uint16_t>(id[0] << 8 | id[1]);
  const auto* const known =
      std::find_if(kSuites.begin(), kSuites.end(), [&](const auto& s) { return s.id == suite.id; });
  suite.name = known == kSuites.end() ? name : known->name;
  return suite;
}

std::optional<Suite> FindSuite(uint16_t id) {
  for (size_t i = 0;; ++i) {
    std::optional<Suite> suite = SuiteAt(i);
    if (!suite || suite->id == id) return suite;
  }
}

template <typename Range>
std::vector<std::string> NamesOf(const Range& named) {
  std::vector<std::string> names;
  for (const auto& entry : named) names.emplace_back(entry.name);
  return names;
}

Error UnknownName(const std::string& key, const std::string& name, const std::vector<std::string>& known) {
  const std::optional<std::string> nearest = NearestName(name, known);
  std::string message = key + ": " + name + " is not known";
  if (nearest) message += "; did you mean " + *nearest + "?";
  message += " There are:";
  for (const std::string& one : known) message += " " + one;
  return MakeError(message);
}

Result<std::vector<Suite>> ParseSuites(const std::vector<std::string>& names) {
  std::vector<Suite> suites;
  for (const std::string& name : names) {
    const auto* const known =
        std::find_if(kSuites.begin(), kSuites.end(), [&](const auto& s) { return s.name == name; });
    if (known == kSuites.end()) return UnknownName("cipher_suites", name, NamesOf(kSuites));
    std::optional<Suite> suite = FindSuite(known->id);
    if (!suite) return MakeError("cipher_suites: this GnuTLS does not have " + name + "; remove it");
    suites.push_back(std::move(*suite));
  }
  return suites;
}

bool GoesWith(gnutls_kx_algorithm_t kx, gnutls_pk_algorithm_t key) {
  switch (kx) {
    case GNUTLS_KX_RSA:
      return key == GNUTLS_PK_RSA;
    case GNUTLS_KX_ECDHE_RSA:
      return key == GNUTLS_PK_RSA || key == GNUTLS_PK_RSA_PSS;
    case GNUTLS_KX_ECDHE_ECDSA:
      return key != GNUTLS_PK_RSA && key != GNUTLS_PK_RSA_PSS;
    default:
      return false;  // version 1.3's have none of their own
  }
}

// The first one of each part counts, so that the order of the list is kept as far as that can be.
std::string PartsOf(const std::vector<Suite>& suites) {
  std::string parts = ":-KX-ALL:-CIPHER-ALL:-MAC-ALL";
  for (const Suite& suite : suites) {
    parts += std::string(":+") + gnutls_kx_get_name(suite.kx) + ":+" + gnutls_cipher_get_name(suite.cipher) + ":+" +
             (suite.mac == GNUTLS_MAC_AEAD ? "AEAD" : gnutls_mac_get_name(suite.mac));
  }
  return parts;
}

Result<std::string> GroupsOf(const std::vector<std::string>& curves) {
  if (curves.empty()) return std::string(":-GROUP-DH-ALL");
  std::string groups = ":-GROUP-ALL";
  for (const std::string& curve : curves) {
    const auto* const known =
        std::find_if(kCurves.begin(), kCurves.end(), [&](const auto& c) { return c.first == curve; });
    if (known == kCurves.end()) {
      return MakeError("curve_preferences: this GnuTLS does not have " + curve +
                       "; remove it. There are: CurveP256 CurveP384 CurveP521 X25519");
    }
    groups += std::string(":+") + known->second;
  }
  return groups;
}

// Whether `priorities` have the suites of `wanted`, and for versions up to 1.2 no others.
Status CheckSuites(gnutls_priority_t priorities, const std::vector<Suite>& wanted) {
  std::vector<uint16_t> found;
  unsigned index = 0;
  for (unsigned i = 0;; ++i) {
    const int code = gnutls_priority_get_cipher_suite_index(priorities, i, &index);
    if (code == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) break;
    const std::optional<Suite> suite = code < 0 ? std::nullopt : SuiteAt(index);
    if (!suite || suite->since == GNUTLS_TLS1_3) continue;
    found.push_back(suite->id);
    if (std::none_of(wanted.begin(), wanted.end(), [&](const Suite& w) { return w.id == suite->id; })) {
      return MakeError("cipher_suites: GnuTLS can serve this list only together with " + suite->name +
                       "; add that, or leave out the suites that share its key exchange or its cipher");
    }
  }
  for (const Suite& suite : wanted) {
    if (std::find(found.begin(), found.end(), suite.id) != found.end()) continue;
    return MakeError("cipher_suites: GnuTLS does not serve " + suite.name +
                     " here, because this system's policy forbids it; remove it, or change the policy");
  }
  return {};
}

struct Choice {
  TlsVersion min;
  TlsVersion max;
  std::vector<Suite> suites = {};  // for versions up to 1.2; empty: the library's choice
  std::vector<std::string> warnings = {};
};

// Makes versions and suites agree with each other and with the key.
Result<Choice> Choose(const TlsOptions& options, gnutls_pk_algorithm_t key) {
  Choice choice{.min = options.min_version, .max = options.max_version};
  if (choice.min > choice.max) {
    return MakeError(std::string("min_version: ") + At(choice.min).name + " is above max_version, " +
                     At(choice.max).name + "; exchange them");
  }
  Result<std::vector<Suite>> suites = ParseSuites(options.cipher_suites);
  if (!suites) return suites.error();
  if (suites->empty() || choice.min == TlsVersion::k13) return choice;
  const gnutls_protocol_t newest = At(std::min(choice.max, TlsVersion::k12)).gnutls;
  for (const Suite& suite : *suites) {
    if (GoesWith(suite.kx, key) && suite.since <= newest) choice.suites.push_back(suite);
  }
  if (choice.suites.empty()) {
    const std::string why = std::string("cipher_suites: none of them can be used by ") + At(TlsVersion::k12).name +
                            " or older with the certificate's key, which is " + gnutls_pk_get_name(key);
    if (choice.max != TlsVersion::k13) return MakeError(why + "; add some for it");
    choice.min = TlsVersion::k13;
    choice.warnings.push_back(why + "; only TLS13 is served");
  } else if (choice.max == TlsVersion::k13 && std::none_of(choice.suites.begin(), choice.suites.end(),
                                                           [](const Suite& s) { return s.mac == GNUTLS_MAC_AEAD; })) {
    choice.max = TlsVersion::k12;
    choice.warnings.emplace_back(
        "cipher_suites: TLS13 is not served, because GnuTLS takes its ciphers from this list, which has none of GCM or "
        "CHACHA20; add a suite with one, or set max_version to TLS12");
  }
  return choice;
}

}  // namespace

Result<TlsPriorities> MakeTlsPriorities(const TlsOptions& options, gnutls_pk_algorithm_t key) {
  Result<Choice> choice = Choose(options, key);
  if (!choice) return choice.error();
  const Result<std::string> groups = GroupsOf(options.curve_preferences);
  if (!groups) return groups.error();
  std::string text = "NORMAL:%NO_TICKETS:-VERS-ALL";
  for (size_t v = static_cast<size_t>(choice->max) + 1; v-- > static_cast<size_t>(choice->min);) {
    text += std::string(":+") + kVersions.at(v).priority;
  }
  // As Go does, nothing without forward secrecy, nor any key exchange that costs the server more than the client.
  text += choice->suites.empty() ? ":-RSA:-DHE-RSA" : PartsOf(choice->suites);
  text += *groups;
  if (options.prefer_server_cipher_suites) text += ":%SERVER_PRECEDENCE";

  TlsPriorities made{.warnings = std::move(choice->warnings)};
  const int code = gnutls_priority_init(&made.value, text.c_str(), nullptr);
  if (code < 0) {
    return MakeError("cipher_suites, curve_preferences, min_version: GnuTLS does not take \"" + text +
                     "\": " + gnutls_strerror(code) + "; use their defaults");
  }
  if (choice->suites.empty()) return made;
  const Status exact = CheckSuites(made.value, choice->suites);
  if (exact) return made;
  gnutls_priority_deinit(made.value);
  return exact.error();
}

}  // namespace brahe::http
