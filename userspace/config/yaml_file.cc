#include "userspace/config/yaml_file.h"

#include <algorithm>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/values.h"
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
  return option.binding.kind == OptionKind::kTree ? YamlKind::kEntries : YamlKind::kValue;
}

constexpr char kChipRules[] = "experimental.hwmon.chipRules";

// The keys within each of the rules.
std::vector<YamlKey> KeysOfChipRules() {
  const std::string begin = std::string(kChipRules) + ".";
  return {{.name = begin + "name"},
          {.name = begin + "pairings", .kind = YamlKind::kNames, .one = "the number of a current"},
          {.name = begin + "skipVoltages", .kind = YamlKind::kList},
          {.name = begin + "skipCurrents", .kind = YamlKind::kList},
          {.name = begin + "useSameIndex"}};
}

// Adds what a key of a rule gives to the text of the rule, see ChipRulesAt.
Status AddToRule(const YamlGiven& one, Given& rule) {
  const std::string key = one.key.substr(sizeof(kChipRules));
  for (const std::string& value : one.texts) {
    const std::string text(Trim(key == "pairings" ? one.name + ":" + value : value));
    if (text.find_first_of(" \t\r\n;=") != std::string::npos) {
      return MakeError(one.origin + ": " + Quoted(value) + " is not one word");
    }
    rule.texts.front() += " " + key + "=" + text;
  }
  return {};
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
  for (YamlKey& key : KeysOfChipRules()) table.keys.push_back(std::move(key));
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
  size_t rule = 0;  // the entry that the last of file.given is
  for (YamlGiven& one : *given) {
    const std::string& key = one.entry == 0 ? one.key : kChipRules;
    const auto option =
        std::find_if(Options().begin(), Options().end(), [&](const Option& row) { return row.key == key; });
    if (one.entry != 0) {
      if (one.entry != rule) file.given.push_back({&*option, one.place, one.place + ": " + kChipRules, {""}});
      rule = one.entry;
      if (const Status added = AddToRule(one, file.given.back()); !added) return added.error();
      continue;
    }
    file.given.push_back({&*option, std::move(one.place), std::move(one.origin), std::move(one.texts)});
  }
  return file;
}

}  // namespace brahe::config
