#pragma once

#include <gnutls/gnutls.h>

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/http/tls_options.h"

namespace brahe::http {

// What a server's TLS sessions have in common: certificate, protocol, and whom they let in. It does not change, and any
// number of threads may use it. Sessions are never resumed, so that each handshake shows the certificate of its
// context.
class TlsContext {
 public:
  // The Error names the key of the web configuration and the remedy.
  static Result<std::shared_ptr<const TlsContext>> Make(const TlsOptions& options);

  // Prepares a fresh server session, before its handshake. Must outlive the session. Takes the session's database
  // pointer and handshake hook, and leaves its user pointer alone.
  void Apply(gnutls_session_t session) const;
  // What an operator should know, each naming the key: an expired certificate, for one.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  template <typename Handle>
  using Owner = std::unique_ptr<std::remove_pointer_t<Handle>, void (*)(Handle)>;

  TlsContext() = default;
  Result<gnutls_pk_algorithm_t> LoadCertificate(const TlsOptions& options);
  Status LoadClientAuth(const TlsOptions& options);
  static int OnClientCertificate(gnutls_session_t session);
  [[nodiscard]] Status CheckClient(gnutls_session_t session) const;

  Owner<gnutls_certificate_credentials_t> credentials_ = {nullptr, &gnutls_certificate_free_credentials};
  Owner<gnutls_priority_t> priorities_ = {nullptr, &gnutls_priority_deinit};
  gnutls_certificate_request_t request_ = GNUTLS_CERT_IGNORE;
  bool verify_clients_ = false;
  std::vector<std::string> allowed_sans_ = {};
  std::vector<std::string> warnings_ = {};
};

}  // namespace brahe::http
