#include "userspace/http/tls_context.h"

#include <arpa/inet.h>
#include <glog/logging.h>
#include <gnutls/x509.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <utility>

#include "userspace/http/tls_priorities.h"

namespace brahe::http {
namespace {

// What each kind of client authentication comes to.
struct Policy {
  const char* name;
  gnutls_certificate_request_t request;
  bool verify;
};
constexpr std::array kPolicies = {
    // by ClientAuth
    Policy{"NoClientCert", GNUTLS_CERT_IGNORE, false},
    Policy{"RequestClientCert", GNUTLS_CERT_REQUEST, false},
    Policy{"RequireAnyClientCert", GNUTLS_CERT_REQUIRE, false},
    Policy{"VerifyClientCertIfGiven", GNUTLS_CERT_REQUEST, true},
    Policy{"RequireAndVerifyClientCert", GNUTLS_CERT_REQUIRE, true},
};

using Certificate = std::unique_ptr<gnutls_x509_crt_int, decltype(&gnutls_x509_crt_deinit)>;
using PrivateKey = std::unique_ptr<gnutls_x509_privkey_int, decltype(&gnutls_x509_privkey_deinit)>;

// The library reads only.
gnutls_datum_t View(const std::string& text) {
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())), static_cast<unsigned>(text.size())};
}

Error Refused(const std::string& key, int code, const std::string& remedy) {
  return MakeError(key + ": " + gnutls_strerror(code) + "; " + remedy);
}

// `pem` is what the configuration has at `key`.
Result<std::vector<Certificate>> ParseCertificates(const std::string& key, const std::string& pem) {
  const gnutls_datum_t data = View(pem);
  gnutls_x509_crt_t* list = nullptr;
  unsigned size = 0;
  const int code = gnutls_x509_crt_list_import2(&list, &size, &data, GNUTLS_X509_FMT_PEM, 0);
  if (code < 0) return Refused(key, code, "it must be certificates in PEM, and all of them whole");
  std::vector<Certificate> certificates;
  for (unsigned i = 0; i < size; ++i) certificates.emplace_back(list[i], &gnutls_x509_crt_deinit);
  gnutls_free(list);
  return certificates;
}

std::vector<gnutls_x509_crt_t> Borrow(const std::vector<Certificate>& certificates) {
  std::vector<gnutls_x509_crt_t> borrowed;
  for (const Certificate& certificate : certificates) borrowed.push_back(certificate.get());
  return borrowed;
}

Result<PrivateKey> ParseKey(const std::string& pem) {
  gnutls_x509_privkey_t made = nullptr;
  int code = gnutls_x509_privkey_init(&made);
  PrivateKey key(made, &gnutls_x509_privkey_deinit);
  const gnutls_datum_t data = View(pem);
  if (code >= 0) code = gnutls_x509_privkey_import2(made, &data, GNUTLS_X509_FMT_PEM, nullptr, 0);
  if (code < 0) return Refused("key", code, "it must be a private key in PEM, not encrypted");
  return key;
}

std::string Date(time_t time) {
  tm utc{};
  char text[32] = "";
  if (gmtime_r(&time, &utc)) strftime(text, sizeof(text), "%F %T UTC", &utc);
  return text;
}

std::vector<std::string> WarningsOf(gnutls_x509_crt_t certificate) {
  const time_t now = time(nullptr);
  const time_t begins = gnutls_x509_crt_get_activation_time(certificate);
  const time_t ends = gnutls_x509_crt_get_expiration_time(certificate);
  if (now < begins) return {"cert: it is not valid before " + Date(begins) + "; clients will refuse it until then"};
  if (now > ends) return {"cert: it expired on " + Date(ends) + "; renew it, because clients will refuse it"};
  return {};
}

// As Go writes it.
std::string ToText(unsigned type, std::string name) {
  if (type != GNUTLS_SAN_IPADDRESS) return name;
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool is_v4 = name.size() == sizeof(in_addr);
  if (!is_v4 && name.size() != sizeof(in6_addr)) return "";
  return inet_ntop(is_v4 ? AF_INET : AF_INET6, name.data(), text.data(), text.size()) ? text.data() : "";
}

bool HasOneOf(const gnutls_datum_t& der, const std::vector<std::string>& allowed) {
  gnutls_x509_crt_t made = nullptr;
  if (gnutls_x509_crt_init(&made) < 0) return false;
  const Certificate certificate(made, &gnutls_x509_crt_deinit);
  if (gnutls_x509_crt_import(made, &der, GNUTLS_X509_FMT_DER) < 0) return false;
  for (unsigned i = 0;; ++i) {
    std::string name(4096, '\0');  // a longer one is none of ours
    size_t size = name.size();
    unsigned type = 0;
    const int code = gnutls_x509_crt_get_subject_alt_name2(made, i, name.data(), &size, &type, nullptr);
    if (code == GNUTLS_E_SHORT_MEMORY_BUFFER) continue;
    if (code < 0) return false;
    const bool has_text = type == GNUTLS_SAN_DNSNAME || type == GNUTLS_SAN_RFC822NAME || type == GNUTLS_SAN_URI;
    if (!has_text && type != GNUTLS_SAN_IPADDRESS) continue;
    name.resize(size);
    if (std::find(allowed.begin(), allowed.end(), ToText(type, std::move(name))) != allowed.end()) return true;
  }
}

// libmicrohttpd does not tell clients why a handshake failed. GnuTLS refuses the client after this.
int TellOfMissingCertificate(gnutls_session_t session, unsigned, unsigned, unsigned incoming,
                             const gnutls_datum_t* message) {
  // A list of no bytes: its length, and before that, in version 1.3, the length of a context.
  if (incoming == 0 || message->size > 4) return 0;
  LOG_EVERY_T(WARNING, 60) << "http: a client is refused, because it shows no certificate";
  gnutls_alert_send(session, GNUTLS_AL_FATAL,
                    gnutls_protocol_get_version(session) == GNUTLS_TLS1_3 ? GNUTLS_A_CERTIFICATE_REQUIRED
                                                                          : GNUTLS_A_HANDSHAKE_FAILURE);
  return 0;
}

std::string Explain(unsigned status) {
  gnutls_datum_t text{};
  if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) < 0) return "it is not trusted";
  std::string explained(reinterpret_cast<const char*>(text.data), text.size);
  gnutls_free(text.data);
  return explained;
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::Make(const TlsOptions& options) {
  const std::shared_ptr<TlsContext> context(new TlsContext());
  gnutls_certificate_credentials_t credentials = nullptr;
  const int code = gnutls_certificate_allocate_credentials(&credentials);
  if (code < 0) return Refused("cert", code, "free memory");
  context->credentials_.reset(credentials);

  const Result<gnutls_pk_algorithm_t> key = context->LoadCertificate(options);
  if (!key) return key.error();
  const Status clients = context->LoadClientAuth(options);
  if (!clients) return clients.error();
  Result<TlsPriorities> priorities = MakeTlsPriorities(options, *key);
  if (!priorities) return priorities.error();
  context->priorities_.reset(priorities->value);
  std::move(priorities->warnings.begin(), priorities->warnings.end(), std::back_inserter(context->warnings_));
  return std::shared_ptr<const TlsContext>(context);
}

Result<gnutls_pk_algorithm_t> TlsContext::LoadCertificate(const TlsOptions& options) {
  const Result<std::vector<Certificate>> certificates = ParseCertificates("cert", options.certificate);
  if (!certificates) return certificates.error();
  const Result<PrivateKey> key = ParseKey(options.key);
  if (!key) return key.error();
  std::vector<gnutls_x509_crt_t> chain = Borrow(*certificates);
  const int code =
      gnutls_certificate_set_x509_key(credentials_.get(), chain.data(), static_cast<int>(chain.size()), key->get());
  if (code == GNUTLS_E_CERTIFICATE_KEY_MISMATCH) {
    return MakeError("cert and key do not belong together; give the key of the first certificate");
  }
  if (code < 0) return Refused("cert", code, "give another certificate and key");
  warnings_ = WarningsOf(chain.front());
  return static_cast<gnutls_pk_algorithm_t>(gnutls_x509_crt_get_pk_algorithm(chain.front(), nullptr));
}

Status TlsContext::LoadClientAuth(const TlsOptions& options) {
  const Policy& policy = kPolicies.at(static_cast<size_t>(options.client_auth));
  request_ = policy.request;
  verify_clients_ = policy.verify;
  allowed_sans_ = options.client_allowed_sans;
  if (!allowed_sans_.empty() && !policy.verify) {
    warnings_.push_back(std::string("client_allowed_sans: with client_auth_type ") + policy.name +
                        " anybody can claim any name; set RequireAndVerifyClientCert");
  }
  if (options.client_ca.empty()) {
    if (!policy.verify) return {};
    return MakeError(std::string("client_auth_type: ") + policy.name + " needs a CA; set client_ca_file or client_ca");
  }
  if (policy.request == GNUTLS_CERT_IGNORE) {
    return MakeError("client_ca: no certificate is asked of clients; set client_auth_type, or remove it");
  }
  const Result<std::vector<Certificate>> cas = ParseCertificates("client_ca", options.client_ca);
  if (!cas) return cas.error();
  std::vector<gnutls_x509_crt_t> list = Borrow(*cas);
  const int code = gnutls_certificate_set_x509_trust(credentials_.get(), list.data(), static_cast<int>(list.size()));
  if (code < 0) return Refused("client_ca", code, "give other certificates");
  return {};
}

void TlsContext::Apply(gnutls_session_t session) const {
  gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials_.get());
  gnutls_priority_set(session, priorities_.get());
  gnutls_certificate_server_set_request(session, request_);
  // There is no database of sessions, and the user pointer is libmicrohttpd's.
  gnutls_db_set_ptr(session, const_cast<TlsContext*>(this));
  gnutls_session_set_verify_function(session, &OnClientCertificate);
  if (request_ != GNUTLS_CERT_REQUIRE) return;
  gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_CERTIFICATE_PKT, GNUTLS_HOOK_POST,
                                     &TellOfMissingCertificate);
}

int TlsContext::OnClientCertificate(gnutls_session_t session) {
  const Status accepted = static_cast<const TlsContext*>(gnutls_db_get_ptr(session))->CheckClient(session);
  if (accepted) return 0;
  LOG_EVERY_T(WARNING, 60) << "http: a client's certificate is refused: " << accepted.error().message;
  gnutls_alert_send(session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE);
  return GNUTLS_E_CERTIFICATE_ERROR;
}

Status TlsContext::CheckClient(gnutls_session_t session) const {
  unsigned count = 0;
  const gnutls_datum_t* const chain = gnutls_certificate_get_peers(session, &count);
  if (!chain || count == 0) return {};  // the library has refused this where there must be one
  if (verify_clients_) {
    char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
    gnutls_typed_vdata_st data{
        .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = reinterpret_cast<unsigned char*>(purpose), .size = 0};
    unsigned status = 0;
    const int code = gnutls_certificate_verify_peers(session, &data, 1, &status);
    if (code < 0) return MakeError(gnutls_strerror(code));
    if (status != 0) return MakeError(Explain(status));
  }
  if (!allowed_sans_.empty() && !HasOneOf(chain[0], allowed_sans_)) {
    return MakeError("none of its names is one of client_allowed_sans");
  }
  return {};
}

}  // namespace brahe::http
