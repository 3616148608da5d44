#include "userspace/web/basic_auth.h"

#include <strings.h>

#include "userspace/base/base64.h"
#include "userspace/base/file.h"

namespace brahe::web {

std::optional<Credentials> ParseBasicAuth(std::string_view header) {
  constexpr std::string_view kScheme = "Basic ";
  if (header.size() < kScheme.size() || strncasecmp(header.data(), kScheme.data(), kScheme.size()) != 0) {
    return std::nullopt;
  }
  const auto pair = DecodeBase64(Trim(header.substr(kScheme.size())));
  const size_t colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{pair->substr(0, colon), pair->substr(colon + 1)};
}

}  // namespace brahe::web
