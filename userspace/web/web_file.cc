#include "userspace/web/web_file.h"

#include <string_view>

#include "userspace/base/file.h"
#include "userspace/base/nearest_name.h"
#include "userspace/base/values.h"
#include "userspace/web/web_keys.h"

namespace brahe::web {
namespace {

// "; did you mean KEY?", or what else may stand in the section.
std::string Hint(std::string_view section, const std::string& name) {
  std::vector<std::string> known;
  for (const WebKey& key : WebKeys()) {
    if (key.section == section) known.emplace_back(key.name);
  }
  const auto nearest = NearestName(name, known);
  return nearest ? "; did you mean " + *nearest + "?" : "; known are " + Joined(known);
}

YamlTable MakeTable() {
  constexpr std::string_view kHeaders = "http_server_config.headers";  // HTTP does not tell their letters' case
  YamlTable table{.example = "tls_server_config:", .keys = {}, .holds_secrets = true};
  for (const WebKey& key : WebKeys()) {
    table.keys.push_back({.name = key.FullName(), .kind = key.kind, .any_case = key.section == kHeaders});
    if (key.kind == YamlKind::kNames) table.keys.back().one = "the hash of a password";
  }
  table.unknown = [](const std::string& section, const std::string& key, const std::string& origin) -> Status {
    return MakeError(origin + ": unknown key" + Hint(section, key));
  };
  return table;
}

}  // namespace

Result<std::vector<YamlGiven>> ReadWebFile(const std::string& path) {
  const auto content = ReadRegularFile(path);
  if (!content) return content.error();
  return ReadYamlKeys(path, *content, MakeTable());
}

}  // namespace brahe::web
