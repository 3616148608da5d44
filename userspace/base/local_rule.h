#pragma once

#include <string>
#include <string_view>

#include "userspace/base/result.h"

namespace brahe {

// Who may ask over a local socket: a row of web.localSocket.allow.
struct LocalRule {
  enum class Kind { kEveryone, kUser, kGroup } kind = Kind::kEveryone;
  std::string name = {};  // of the user or group, or its number; empty for everyone
};

// "root", "everyone", "user:NAME", "user:UID", "group:NAME" or "group:GID". The Error quotes the text and says what is
// expected.
Result<LocalRule> ParseLocalRule(std::string_view text);

}  // namespace brahe
