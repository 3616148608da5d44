#include "userspace/exporter/web/web_file.h"

#include <algorithm>
#include <set>
#include <utility>

#include "userspace/base/nearest_name.h"
#include "userspace/base/values.h"
#include "userspace/base/yaml_document.h"

namespace brahe {
namespace {

using Shape = WebKey::Shape;

// True for what may hold a bcrypt hash or PEM text. Where those do not belong, all may be shown but this.
bool LooksSecret(std::string_view text) {
  const auto holds = [&](std::string_view piece) { return text.find(piece) != std::string_view::npos; };
  return holds("-----BEGIN") || holds("$2a$") || holds("$2b$") || holds("$2x$") || holds("$2y$");
}

// "; did you mean KEY?", or what else may stand in the section.
std::string Hint(std::string_view section, const std::string& name) {
  std::vector<std::string> known;
  for (const WebKey& key : WebKeys()) {
    if (key.section == section) known.emplace_back(key.name);
  }
  const auto nearest = NearestName(name, known);
  return nearest ? "; did you mean " + *nearest + "?" : "; known are " + Joined(known);
}

// Walks the document. It descends only where the table of keys has a section, and into each at most once, so that
// aliases, even to a node that they lie in, cannot make it long.
class WebWalk {
 public:
  explicit WebWalk(const std::string& path) : path_(path) {}

  // Takes what a map gives, which is the document if `section` is empty.
  Status Section(const YAML::Node& map, const std::string& section);

  WebFile TakeFile() { return std::move(file_); }

 private:
  // "web.yml:3: rate_limit.burst" for the key of an entry; an Error if it is no name.
  Result<std::string> Origin(const YAML::Node& key, const std::string& section);
  Status Entry(const WebKey& key, const YAML::Node& value, const std::string& origin);
  Status Value(const WebKey& key, const YAML::Node& value, const std::string& origin);
  Status Users(const YAML::Node& map, const std::string& section);

  std::string path_;
  std::set<const WebKey*> keys_seen_;
  std::set<std::string> users_seen_;
  WebFile file_;
};

Result<std::string> WebWalk::Origin(const YAML::Node& key, const std::string& section) {
  const std::string place = YamlPlace(path_, key) + ": ";
  if (!key.IsScalar()) return MakeError(place + "a key is expected, not " + YamlShape(key));
  const std::string in = section.empty() ? "" : section + ".";
  if (LooksSecret(key.Scalar())) {
    return MakeError(place + in + "...: a hash or PEM text stands where a name belongs");
  }
  return place + in + Printable(key.Scalar());
}

Status WebWalk::Section(const YAML::Node& map, const std::string& section) {
  const auto entries = YamlEntries(path_, map);
  if (!entries) return entries.error();
  for (const YamlEntry& entry : *entries) {
    const auto origin = Origin(entry.first, section);
    if (!origin) return origin.error();
    const std::string& name = entry.first.Scalar();
    const WebKey* key = FindWebKey(section, name);
    if (key == nullptr) return MakeError(*origin + ": unknown key" + Hint(section, name));
    if (!keys_seen_.insert(key).second) return MakeError(*origin + ": given twice");
    if (Status taken = Entry(*key, entry.second, *origin); !taken) return taken;
  }
  return {};
}

Status WebWalk::Entry(const WebKey& key, const YAML::Node& value, const std::string& origin) {
  if (key.shape != Shape::kSection && key.shape != Shape::kUsers) return Value(key, value, origin);
  if (value.IsNull()) return {};
  if (!value.IsMap()) return MakeError(origin + ": keys of its own are expected, not " + YamlShape(value));
  if (value.size() == 0) return {};
  file_.keys[&key] = {.origin = origin, .texts = {}};
  return key.shape == Shape::kUsers ? Users(value, key.FullName()) : Section(value, key.FullName());
}

Status WebWalk::Value(const WebKey& key, const YAML::Node& value, const std::string& origin) {
  const bool list = key.shape == Shape::kList;
  WrittenKey written{.origin = origin, .texts = {}};
  if (value.IsNull() || (value.IsScalar() && value.Scalar().empty())) return {};
  if (value.IsScalar()) {
    written.texts.push_back(value.Scalar());
  } else if (list && value.IsSequence()) {
    for (const auto& element : value) {
      if (!element.IsScalar()) {
        return MakeError(origin + ": a list of single values is expected, but it holds " + YamlShape(element));
      }
      written.texts.push_back(element.Scalar());
    }
  } else {
    return MakeError(origin + (list ? ": a list" : ": a single value") + " is expected, not " + YamlShape(value));
  }
  if (key.shape != Shape::kPem && std::any_of(written.texts.begin(), written.texts.end(), LooksSecret)) {
    return MakeError(origin + ": a hash or PEM text does not belong here");
  }
  file_.keys[&key] = std::move(written);
  return {};
}

Status WebWalk::Users(const YAML::Node& map, const std::string& section) {
  const auto entries = YamlEntries(path_, map);
  if (!entries) return entries.error();
  for (const YamlEntry& entry : *entries) {
    const auto origin = Origin(entry.first, section);
    if (!origin) return origin.error();
    const std::string& name = entry.first.Scalar();
    if (!users_seen_.insert(name).second) return MakeError(*origin + ": given twice");
    if (!entry.second.IsScalar()) {
      return MakeError(*origin + ": the hash of a password is expected, not " + YamlShape(entry.second));
    }
    file_.users.push_back({.origin = *origin, .name = name, .hash = entry.second.Scalar()});
  }
  return {};
}

}  // namespace

Result<WebFile> ReadWebFile(const std::string& path) {
  const auto root = ReadYamlDocument(path);
  if (!root) return root.error();
  if (root->IsNull()) return WebFile();
  if (!root->IsMap()) {
    return MakeError(YamlPlace(path, *root) + ": sections such as \"tls_server_config:\" are expected, not " +
                     YamlShape(*root));
  }
  WebWalk walk(path);
  if (const Status walked = walk.Section(*root, ""); !walked) return walked.error();
  return walk.TakeFile();
}

}  // namespace brahe
