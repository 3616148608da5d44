#include "userspace/base/local_rule.h"

#include "userspace/base/values.h"

namespace brahe {

Result<LocalRule> ParseLocalRule(std::string_view text) {
  using Kind = LocalRule::Kind;
  if (text == "root") return LocalRule{Kind::kUser, "0"};
  if (text == "everyone") return LocalRule{Kind::kEveryone};
  const size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const std::string_view name = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  if (!name.empty() && kind == "user") return LocalRule{Kind::kUser, std::string(name)};
  if (!name.empty() && kind == "group") return LocalRule{Kind::kGroup, std::string(name)};
  return MakeError(Quoted(text) + " is nobody who could be let in (root, everyone, user:NAME or group:NAME)");
}

}  // namespace brahe
