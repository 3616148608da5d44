#include "userspace/base/yaml_keys.h"

#include <strings.h>

#include <algorithm>
#include <set>
#include <utility>

#include "userspace/base/values.h"
#include "userspace/base/yaml_document.h"

namespace brahe {
namespace {

// True for what may hold a bcrypt hash or PEM text. Where those do not belong, all may be shown but this.
bool LooksSecret(std::string_view text) {
  const auto holds = [&](std::string_view piece) { return text.find(piece) != std::string_view::npos; };
  return holds("-----BEGIN") || holds("$2a$") || holds("$2b$") || holds("$2x$") || holds("$2y$");
}

std::string Below(const std::string& section, const std::string& key) {
  return section.empty() ? key : section + "." + key;
}

// Walks one document. It descends only where the table has a section, and into each at most once in an entry, so that
// aliases, even to a node that they lie in, cannot make it long.
class YamlWalk {
 public:
  YamlWalk(const std::string& path, const YamlTable& table) : path_(path), table_(table) {}

  // Takes what a map gives, which is the document if `section` is empty.
  Status Section(const YAML::Node& map, const std::string& section);

  std::vector<YamlGiven> TakeGiven() { return std::move(given_); }
  // What a node is, for errors.
  [[nodiscard]] std::string Shown(const YAML::Node& node) const {
    return node.IsScalar() && !table_.holds_secrets ? Quoted(node.Scalar()) : YamlShape(node);
  }

 private:
  [[nodiscard]] const YamlKey* Find(const std::string& section, const std::string& key) const;
  [[nodiscard]] bool IsSection(const std::string& name) const;
  Status Key(const YAML::Node& key, const YAML::Node& value, const std::string& section);
  Status Entries(const YAML::Node& value, const YamlGiven& given);
  Status Value(const YAML::Node& value, const YamlKey& row, YamlGiven given);

  const std::string& path_;
  const YamlTable& table_;
  size_t entry_ = 0;
  size_t entries_ = 0;
  std::set<std::pair<size_t, std::string>> seen_;
  std::vector<YamlGiven> given_;
};

const YamlKey* YamlWalk::Find(const std::string& section, const std::string& key) const {
  const std::string name = Below(section, key);
  const bool too_long = key.find('.') != std::string::npos && !table_.dotted;
  const auto found = std::find_if(table_.keys.begin(), table_.keys.end(), [&](const YamlKey& row) {
    if (row.kind == YamlKind::kNames && row.name == section) return true;
    if (too_long || row.name.size() != name.size()) return false;
    return row.any_case ? strncasecmp(row.name.data(), name.data(), name.size()) == 0 : row.name == name;
  });
  return found == table_.keys.end() ? nullptr : &*found;
}

bool YamlWalk::IsSection(const std::string& name) const {
  const std::string begin = name + ".";
  const auto lies_below = [&](const YamlKey& row) { return row.name.starts_with(begin); };
  return std::any_of(table_.keys.begin(), table_.keys.end(), lies_below);
}

Status YamlWalk::Section(const YAML::Node& map, const std::string& section) {
  const auto entries = YamlEntries(path_, map);
  if (!entries) return entries.error();
  for (const auto& [key, value] : *entries) {
    if (!key.IsScalar()) return MakeError(YamlPlace(path_, key) + ": a key is expected, not " + Shown(key));
    if (Status taken = Key(key, value, section); !taken) return taken;
  }
  return {};
}

Status YamlWalk::Key(const YAML::Node& key, const YAML::Node& value, const std::string& section) {
  const std::string name = Below(section, key.Scalar());
  const YamlKey* row = Find(section, key.Scalar());
  const bool known = row != nullptr || IsSection(name);
  if (!known && !table_.unknown) return {};
  YamlGiven given{.entry = entry_, .name = key.Scalar(), .place = YamlPlace(path_, key)};
  if (table_.holds_secrets && LooksSecret(key.Scalar())) {
    return MakeError(given.place + ": " + Below(section, "...: a hash or PEM text stands where a name belongs"));
  }
  given.origin = given.place + ": " + Printable(name);
  if (!seen_.emplace(entry_, row != nullptr && row->any_case ? row->name : name).second) {
    return MakeError(given.origin + ": given twice");
  }
  if (!known) return table_.unknown(section, key.Scalar(), given.origin);
  const YamlKind kind = row != nullptr ? row->kind : YamlKind::kSection;
  given.key = row != nullptr ? row->name : name;
  if (kind == YamlKind::kEntries) return Entries(value, given);
  if (kind != YamlKind::kSection && (kind != YamlKind::kNames || row->name == section)) {
    return Value(value, *row, std::move(given));
  }
  if (value.IsNull()) return {};
  if (!value.IsMap()) {
    return MakeError(given.origin + ": a section with keys of its own is expected, not " + Shown(value));
  }
  if (row != nullptr && kind == YamlKind::kSection && value.size() > 0) given_.push_back(given);
  return Section(value, given.key);
}

Status YamlWalk::Entries(const YAML::Node& value, const YamlGiven& given) {
  if (value.IsNull()) return {};
  if (!value.IsSequence()) return MakeError(given.origin + ": a list is expected, not " + Shown(value));
  for (const auto& element : value) {
    if (element.IsNull()) continue;
    if (!element.IsMap()) {
      return MakeError(given.origin + ": a list of sections is expected, but it holds " + Shown(element));
    }
    entry_ = ++entries_;
    if (Status taken = Section(element, given.key); !taken) return taken;
  }
  entry_ = 0;
  return {};
}

Status YamlWalk::Value(const YAML::Node& value, const YamlKey& row, YamlGiven given) {
  const bool is_list = row.kind == YamlKind::kList;
  const bool of_names = row.kind == YamlKind::kNames;
  if (value.IsNull() && !of_names) return {};
  if (value.IsScalar()) {
    if (value.Scalar().empty() && !table_.takes_empty && !of_names) return {};
    given.texts.push_back(value.Scalar());
  } else if (is_list && value.IsSequence()) {
    for (const auto& element : value) {
      if (!element.IsScalar()) {
        return MakeError(given.origin + ": a list of single values is expected, but it holds " + Shown(element));
      }
      given.texts.push_back(element.Scalar());
    }
  } else if (row.kind == YamlKind::kTree) {
    if (value.size() > 0) given.texts.push_back(YamlShape(value));
  } else {
    return MakeError(given.origin + ": " + (is_list ? "a list" : row.one) + " is expected, not " + Shown(value));
  }
  if (table_.holds_secrets && row.kind != YamlKind::kSecret && !of_names &&
      std::any_of(given.texts.begin(), given.texts.end(), LooksSecret)) {
    return MakeError(given.origin + ": a hash or PEM text does not belong here");
  }
  given_.push_back(std::move(given));
  return {};
}

}  // namespace

Result<std::vector<YamlGiven>> ReadYamlKeys(const std::string& path, std::string_view content, const YamlTable& table) {
  const auto root = ParseYamlDocument(path, content);
  if (!root) return root.error();
  YamlWalk walk(path, table);
  if (!root->IsMap() && !root->IsNull()) {
    return MakeError(YamlPlace(path, *root) + ": sections such as \"" + table.example + "\" are expected, not " +
                     walk.Shown(*root));
  }
  if (root->IsMap()) {
    if (const Status walked = walk.Section(*root, ""); !walked) return walked.error();
  }
  return walk.TakeGiven();
}

const YamlGiven* FindGiven(const std::vector<YamlGiven>& given, std::string_view key, size_t entry) {
  const auto found = std::find_if(given.begin(), given.end(),
                                  [&](const YamlGiven& one) { return one.entry == entry && one.key == key; });
  return found == given.end() ? nullptr : &*found;
}

}  // namespace brahe
