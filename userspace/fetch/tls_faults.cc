#include "userspace/fetch/tls_faults.h"

#include <gnutls/gnutls.h>

namespace brahe::fetch {
namespace {

// What `use` returns for empty credentials: a code of GnuTLS, negative if it is an error.
template <typename Use>
int WithCredentials(Use use) {
  gnutls_certificate_credentials_t credentials = nullptr;
  int code = gnutls_certificate_allocate_credentials(&credentials);
  if (code != GNUTLS_E_SUCCESS) return code;
  code = use(credentials);
  gnutls_certificate_free_credentials(credentials);
  return code;
}

std::string TextOf(int code) {
  std::string text = code < 0 ? gnutls_strerror(code) : "";
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

std::string WhyNotTrusted(long status) {
  gnutls_datum_t text{};
  if (status <= 0 || gnutls_certificate_verification_status_print(static_cast<unsigned>(status), GNUTLS_CRT_X509, &text,
                                                                  0) != GNUTLS_E_SUCCESS) {
    return "";
  }
  std::string why(reinterpret_cast<const char*>(text.data), text.size);
  gnutls_free(text.data);
  while (!why.empty() && (why.back() == ' ' || why.back() == '.' || why.back() == '\0')) why.pop_back();
  return why;
}

std::string FaultOfAuthorities(const std::string& file) {
  const int code = WithCredentials([&](gnutls_certificate_credentials_t credentials) {
    return gnutls_certificate_set_x509_trust_file(credentials, file.c_str(), GNUTLS_X509_FMT_PEM);
  });
  // A file without any certificate is no error to GnuTLS.
  return code == 0 ? "it holds no certificate" : TextOf(code);
}

std::string FaultOfKeyPair(const std::string& certificate, const std::string& key) {
  return TextOf(WithCredentials([&](gnutls_certificate_credentials_t credentials) {
    return gnutls_certificate_set_x509_key_file(credentials, certificate.c_str(), key.c_str(), GNUTLS_X509_FMT_PEM);
  }));
}

}  // namespace brahe::fetch
