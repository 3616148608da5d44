#include "userspace/http/test_certificates.h"

#include <arpa/inet.h>
#include <glog/logging.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <array>
#include <ctime>
#include <utility>

namespace brahe::http {
namespace {

void Check(int code) { CHECK_GE(code, 0) << gnutls_strerror(code); }

gnutls_datum_t View(const std::string& text) {
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())), static_cast<unsigned>(text.size())};
}

std::string Take(gnutls_datum_t text) {
  std::string taken(reinterpret_cast<const char*>(text.data), text.size);
  gnutls_free(text.data);
  return taken;
}

void AddName(gnutls_x509_crt_t certificate, const std::string& san) {
  static const std::array<std::pair<std::string, gnutls_x509_subject_alt_name_t>, 4> kTypes = {{
      {"DNS:", GNUTLS_SAN_DNSNAME},
      {"IP:", GNUTLS_SAN_IPADDRESS},
      {"email:", GNUTLS_SAN_RFC822NAME},
      {"URI:", GNUTLS_SAN_URI},
  }};
  for (const auto& [prefix, type] : kTypes) {
    if (san.rfind(prefix, 0) != 0) continue;
    std::string value = san.substr(prefix.size());
    std::array<char, sizeof(in6_addr)> address{};
    if (type == GNUTLS_SAN_IPADDRESS) {
      const bool is_v6 = value.find(':') != std::string::npos;
      CHECK_EQ(inet_pton(is_v6 ? AF_INET6 : AF_INET, value.c_str(), address.data()), 1) << san;
      value.assign(address.data(), is_v6 ? sizeof(in6_addr) : sizeof(in_addr));
    }
    Check(gnutls_x509_crt_set_subject_alt_name(certificate, type, value.data(), static_cast<unsigned>(value.size()),
                                               GNUTLS_FSAN_APPEND));
    return;
  }
  LOG(FATAL) << "a SAN of no known type: " << san;
}

void Describe(gnutls_x509_crt_t certificate, const TestCertificateOptions& options) {
  static unsigned char serial = 0;
  ++serial;
  const time_t now = time(nullptr);
  Check(gnutls_x509_crt_set_version(certificate, 3));
  Check(gnutls_x509_crt_set_serial(certificate, &serial, sizeof(serial)));
  Check(gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, options.name.data(),
                                      static_cast<unsigned>(options.name.size())));
  Check(gnutls_x509_crt_set_activation_time(certificate, now + std::chrono::seconds(options.begins).count()));
  Check(gnutls_x509_crt_set_expiration_time(certificate, now + std::chrono::seconds(options.ends).count()));
  Check(gnutls_x509_crt_set_basic_constraints(certificate, options.is_ca ? 1 : 0, -1));
  Check(gnutls_x509_crt_set_key_usage(certificate, options.is_ca
                                                       ? GNUTLS_KEY_KEY_CERT_SIGN
                                                       : GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_ENCIPHERMENT));
  for (const std::string& san : options.sans) AddName(certificate, san);
  if (options.is_ca) return;
  Check(gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_SERVER, 0));
  if (options.for_clients) Check(gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_CLIENT, 0));
}

void Sign(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key, const TestCertificate* ca) {
  if (!ca) {
    Check(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0));
    return;
  }
  const gnutls_datum_t certificate_pem = View(ca->certificate);
  const gnutls_datum_t key_pem = View(ca->key);
  gnutls_x509_crt_t ca_certificate = nullptr;
  gnutls_x509_privkey_t ca_key = nullptr;
  Check(gnutls_x509_crt_init(&ca_certificate));
  Check(gnutls_x509_privkey_init(&ca_key));
  Check(gnutls_x509_crt_import(ca_certificate, &certificate_pem, GNUTLS_X509_FMT_PEM));
  Check(gnutls_x509_privkey_import(ca_key, &key_pem, GNUTLS_X509_FMT_PEM));
  Check(gnutls_x509_crt_sign2(certificate, ca_certificate, ca_key, GNUTLS_DIG_SHA256, 0));
  gnutls_x509_privkey_deinit(ca_key);
  gnutls_x509_crt_deinit(ca_certificate);
}

}  // namespace

TestCertificate MakeTestCertificate(const TestCertificateOptions& options) {
  gnutls_x509_privkey_t key = nullptr;
  gnutls_x509_crt_t certificate = nullptr;
  Check(gnutls_x509_privkey_init(&key));
  Check(gnutls_x509_crt_init(&certificate));
  Check(options.rsa
            ? gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA, 2048, 0)
            : gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
  Check(gnutls_x509_crt_set_key(certificate, key));
  Describe(certificate, options);
  Sign(certificate, key, options.ca);
  gnutls_datum_t certificate_pem{};
  gnutls_datum_t key_pem{};
  Check(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &certificate_pem));
  Check(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &key_pem));
  gnutls_x509_crt_deinit(certificate);
  gnutls_x509_privkey_deinit(key);
  return {.certificate = Take(certificate_pem), .key = Take(key_pem)};
}

}  // namespace brahe::http
