#include "userspace/config/yaml_file.h"

#include <algorithm>
#include <set>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/values.h"
#include "userspace/base/yaml_document.h"

namespace brahe {
namespace {

const Option* OptionOfKey(const std::string& key) {
  if (key.empty()) return nullptr;  // of rows that have a flag only
  const auto& options = Options();
  const auto found = std::find_if(options.begin(), options.end(), [&](const Option& o) { return o.key == key; });
  return found == options.end() ? nullptr : &*found;
}

// True if keys lie below `name`: "monitor", "exporter.prometheus".
bool IsSection(const std::string& name) {
  const auto& options = Options();
  return std::any_of(options.begin(), options.end(), [&](const Option& o) { return o.key.starts_with(name + "."); });
}

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

constexpr size_t kMostUnknown = 20;

std::string KindOf(const YAML::Node& node) { return node.IsScalar() ? Quoted(node.Scalar()) : YamlShape(node); }

// Walks one document. It descends only where the table of options has a section, and into each at most once, so
// that aliases, even to a node that they lie in, cannot make it long.
class YamlWalk {
 public:
  explicit YamlWalk(std::string path) : path_(std::move(path)) {}

  // Takes what the map below `section` (empty: the document) gives.
  Status Section(const YAML::Node& map, const std::string& section);

  YamlFile TakeFile() { return std::move(file_); }
  [[nodiscard]] std::string At(const YAML::Node& node) const { return YamlPlace(path_, node); }

 private:
  Status Entry(const YAML::Node& key, const YAML::Node& value, const std::string& name);
  Status Value(const Option& option, const YAML::Node& key, const YAML::Node& value, std::string origin);
  void Unknown(const std::string& name, std::string origin);

  std::string path_;
  std::set<std::string> seen_;
  YamlFile file_;
};

Status YamlWalk::Section(const YAML::Node& map, const std::string& section) {
  const auto entries = YamlEntries(path_, map);
  if (!entries) return entries.error();
  for (const YamlEntry& entry : *entries) {
    if (!entry.first.IsScalar()) {
      return MakeError(At(entry.first) + ": a key is expected, not " + KindOf(entry.first));
    }
    const std::string& key = entry.first.Scalar();
    if (Status taken = Entry(entry.first, entry.second, section.empty() ? key : section + "." + key); !taken) {
      return taken;
    }
  }
  return {};
}

Status YamlWalk::Entry(const YAML::Node& key, const YAML::Node& value, const std::string& name) {
  const std::string origin = At(key) + ": " + Printable(name);
  if (!seen_.insert(name).second) return MakeError(origin + ": given twice");
  if (const Option* option = OptionOfKey(name)) return Value(*option, key, value, origin);
  if (!IsSection(name)) {
    Unknown(name, origin);
    return {};
  }
  if (value.IsNull()) return {};
  if (!value.IsMap()) return MakeError(origin + ": a section with keys of its own is expected, not " + KindOf(value));
  return Section(value, name);
}

Status YamlWalk::Value(const Option& option, const YAML::Node& key, const YAML::Node& value, std::string origin) {
  const OptionKind kind = option.binding.kind;
  if (value.IsNull()) return {};
  Given given{.option = &option, .place = At(key), .origin = std::move(origin), .texts = {}};
  if (value.IsScalar()) {
    given.texts.push_back(value.Scalar());
  } else if (kind == OptionKind::kList && value.IsSequence()) {
    for (const auto& element : value) {
      if (!element.IsScalar()) {
        return MakeError(given.origin + ": a list of single values is expected, but it holds " + KindOf(element));
      }
      given.texts.push_back(element.Scalar());
    }
  } else if (kind == OptionKind::kTree) {
    if (value.size() > 0) given.texts.push_back(KindOf(value));
  } else {
    const std::string expected = kind == OptionKind::kList ? "a list" : "a single value";
    return MakeError(given.origin + ": " + expected + " is expected, not " + KindOf(value));
  }
  file_.given.push_back(std::move(given));
  return {};
}

void YamlWalk::Unknown(const std::string& name, std::string origin) {
  if (file_.unknown.size() < kMostUnknown) {
    file_.unknown.push_back({.origin = std::move(origin), .hint = HintAt(name)});
  } else {
    ++file_.more_unknown;
  }
}

}  // namespace

Result<YamlFile> ReadYamlFile(const std::string& path) {
  const auto content = ReadRegularFile(path);
  if (!content) return content.error();
  return ParseYaml(path, *content);
}

Result<YamlFile> ParseYaml(const std::string& path, std::string_view content) {
  const auto root = ParseYamlDocument(path, content);
  if (!root) return root.error();
  if (root->IsNull()) return YamlFile();
  YamlWalk walk(path);
  if (!root->IsMap()) {
    return MakeError(walk.At(*root) + ": sections such as \"monitor:\" are expected, not " + KindOf(*root));
  }
  if (const Status walked = walk.Section(*root, ""); !walked) return walked.error();
  return walk.TakeFile();
}

}  // namespace brahe
