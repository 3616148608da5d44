#include "userspace/base/base64.h"

#include <gnutls/gnutls.h>

namespace brahe {

std::optional<std::string> DecodeBase64(std::string_view text) {
  std::string copy(text);  // GnuTLS' type has no const
  const gnutls_datum_t encoded = {reinterpret_cast<unsigned char*>(copy.data()), static_cast<unsigned>(copy.size())};
  gnutls_datum_t decoded = {};
  if (gnutls_base64_decode2(&encoded, &decoded) != 0) return std::nullopt;
  std::string bytes(reinterpret_cast<const char*>(decoded.data), decoded.size);
  gnutls_free(decoded.data);
  return bytes;
}

}  // namespace brahe
