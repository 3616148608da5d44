#include "userspace/exporter/web/basic_auth.h"

#include <gnutls/gnutls.h>
#include <strings.h>

#include "userspace/base/file.h"

namespace brahe {

std::optional<Credentials> ParseBasicAuth(std::string_view header) {
  constexpr std::string_view kScheme = "Basic ";
  if (header.size() < kScheme.size() || strncasecmp(header.data(), kScheme.data(), kScheme.size()) != 0) {
    return std::nullopt;
  }
  std::string encoded(Trim(header.substr(kScheme.size())));
  gnutls_datum_t text = {reinterpret_cast<unsigned char*>(encoded.data()), static_cast<unsigned>(encoded.size())};
  gnutls_datum_t decoded = {};
  if (encoded.empty() || gnutls_base64_decode2(&text, &decoded) != 0) return std::nullopt;
  const std::string pair(reinterpret_cast<const char*>(decoded.data), decoded.size);
  gnutls_free(decoded.data);
  const size_t colon = pair.find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{pair.substr(0, colon), pair.substr(colon + 1)};
}

}  // namespace brahe
