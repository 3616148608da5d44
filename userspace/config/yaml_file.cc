#include "userspace/config/yaml_file.h"

#include <algorithm>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/yaml_keys.h"

namespace brahe::config {
namespace {

// All keys and all sections, for the hint at one that was meant.
std::vector<std::string> KnownNames() {
  std::vector<std::string> names;
  for (const Option& option : Options()) {
    if (option.key.empty()) continue;
    names.push_back(option.key);
    for (size_t dot = option.key.find('.'); dot != std::string::npos; dot = option.key.find('.', dot + 1)) {
      names.push_back(option.key.substr(0, dot));
    }
  }
  return names;
}

// At a key that nobody knows. One that stands in the wrong section is named with its own.
std::string HintAt(const std::string& name) {
  const std::vector<std::string> names = KnownNames();
  const auto misplaced =
      std::find_if(names.begin(), names.end(), [&](const std::string& known) { return known.ends_with("." + name); });
  return misplaced != names.end() ? "; did you mean " + *misplaced + "?" : Hint(name, names);
}

YamlKind KindOf(const Option& option) {
  if (option.binding.kind == OptionKind::kList) return YamlKind::kList;
  return option.binding.kind == OptionKind::kTree ? YamlKind::kTree : YamlKind::kValue;
}

}  // namespace

Result<YamlFile> ReadYamlFile(const std::string& path) {
  const auto content = ReadRegularFile(path);
  if (!content) return content.error();
  return ParseYaml(path, *content);
}

Result<YamlFile> ParseYaml(const std::string& path, std::string_view content) {
  constexpr size_t kMostUnknown = 20;
  YamlFile file;
  YamlTable table{.example = "monitor:", .keys = {}, .dotted = true, .takes_empty = true};
  for (const Option& option : Options()) {
    if (!option.key.empty()) table.keys.push_back({.name = option.key, .kind = KindOf(option)});
  }
  table.unknown = [&](const std::string& section, const std::string& key, const std::string& origin) -> Status {
    if (file.unknown.size() < kMostUnknown) {
      file.unknown.push_back({.origin = origin, .hint = HintAt(section.empty() ? key : section + "." + key)});
    } else {
      ++file.more_unknown;
    }
    return {};
  };
  auto given = ReadYamlKeys(path, content, table);
  if (!given) return given.error();
  for (YamlGiven& one : *given) {
    const auto option =
        std::find_if(Options().begin(), Options().end(), [&](const Option& row) { return row.key == one.key; });
    file.given.push_back({&*option, std::move(one.place), std::move(one.origin), std::move(one.texts)});
  }
  return file;
}

}  // namespace brahe::config
