#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace brahe::web {

struct Credentials {
  std::string user;
  std::string password;
};

// What an Authorization header of the scheme Basic holds (RFC 7617); nullopt for another scheme and for what is
// malformed.
std::optional<Credentials> ParseBasicAuth(std::string_view header);

}  // namespace brahe::web
