#include "userspace/base/base64.h"

#include <gnutls/gnutls.h>

namespace brahe {

namespace {

// What one of GnuTLS' functions makes of `text`, if anything.
std::optional<std::string> Converted(std::string_view text, int (*convert)(const gnutls_datum_t*, gnutls_datum_t*)) {
  std::string copy(text);  // GnuTLS' type has no const
  const gnutls_datum_t from = {reinterpret_cast<unsigned char*>(copy.data()), static_cast<unsigned>(copy.size())};
  gnutls_datum_t to = {};
  if (convert(&from, &to) != 0) return std::nullopt;
  std::string bytes(reinterpret_cast<const char*>(to.data), to.size);
  gnutls_free(to.data);
  return bytes;
}

}  // namespace

std::optional<std::string> DecodeBase64(std::string_view text) { return Converted(text, gnutls_base64_decode2); }

std::string EncodeBase64(std::string_view bytes) { return Converted(bytes, gnutls_base64_encode2).value_or(""); }

}  // namespace brahe
