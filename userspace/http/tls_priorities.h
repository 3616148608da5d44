#pragma once

#include <gnutls/gnutls.h>

#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/http/tls_options.h"

namespace brahe::http {

struct TlsPriorities {
  gnutls_priority_t value = nullptr;  // the caller's
  std::vector<std::string> warnings = {};
};

// Protocol versions, cipher suites and curves for a server whose certificate has a key of the kind `key`. Suites that
// cannot be used with such a key are left out, as they would never be agreed on. GnuTLS knows no list of suites, only
// lists of their parts of which it makes all suites it can: an Error where that gives others than the ones asked for.
Result<TlsPriorities> MakeTlsPriorities(const TlsOptions& options, gnutls_pk_algorithm_t key);

}  // namespace brahe::http
