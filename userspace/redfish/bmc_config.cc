#include "userspace/redfish/bmc_config.h"

#include <sys/stat.h>

#include <map>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/nearest_name.h"
#include "userspace/base/utf8.h"
#include "userspace/base/values.h"
#include "userspace/base/yaml_document.h"
#include "userspace/fetch/http_fetch.h"
#include "userspace/fetch/url.h"

namespace brahe::redfish {
namespace {

constexpr size_t kMostWarnings = 20;

struct Entry {
  std::string place;  // "redfish.yaml:3"
  YAML::Node value;
};
using Entries = std::map<std::string, Entry>;

// The entries of a map whose keys are names. `what` is the map's own name, for errors; empty: the document.
Result<Entries> EntriesOf(const std::string& path, const YAML::Node& map, const std::string& what) {
  const std::string subject = what.empty() ? "" : what + ": ";
  if (!map || map.IsNull()) return Entries();
  if (!map.IsMap()) {
    return MakeError(YamlPlace(path, map) + ": " + subject + "names with a value each are expected, not " +
                     YamlShape(map));
  }
  const auto read = YamlEntries(path, map);
  if (!read) return read.error();
  Entries entries;
  for (const auto& [key, value] : *read) {
    const std::string place = YamlPlace(path, key);
    if (!key.IsScalar()) return MakeError(place + ": " + subject + "a name is expected, not " + YamlShape(key));
    if (!entries.emplace(key.Scalar(), Entry{place, value}).second) {
      return MakeError(place + ": " + subject + Quoted(key.Scalar()) + " is there twice; remove one");
    }
  }
  return entries;
}

// "; did you mean KEY?", or what may stand there.
std::string Hint(const std::string& name, const std::vector<std::string>& known) {
  const auto nearest = NearestName(name, known);
  return nearest ? "; did you mean " + *nearest + "?" : "; known are " + Joined(known);
}

// Kepler ignores keys that it does not know.
void WarnOfOthers(const Entries& entries, const std::vector<std::string>& known, const std::string& section,
                  std::vector<std::string>& warnings) {
  for (const auto& [name, entry] : entries) {
    bool is_known = false;
    for (const std::string& one : known) is_known = is_known || one == name;
    if (!is_known) {
      warnings.push_back(entry.place + ": " + section + Printable(name) + ": unknown key, ignored" + Hint(name, known));
    }
  }
}

// A single value; empty where there is none.
Result<std::string> TextOf(const Entries& entries, const std::string& key, const std::string& section) {
  const auto found = entries.find(key);
  if (found == entries.end() || found->second.value.IsNull()) return std::string();
  if (!found->second.value.IsScalar()) {
    return MakeError(found->second.place + ": " + section + Printable(key) + ": a single value is expected, not " +
                     YamlShape(found->second.value));
  }
  return found->second.value.Scalar();
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = Utf8SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

Status CheckEndpoint(const std::string& endpoint) {
  if (endpoint.empty()) return MakeError("the URL of the BMC is missing, such as https://192.0.2.10");
  if (endpoint.find('@') != std::string::npos) {  // may stand behind a password, which is not to be shown
    return MakeError("a URL without a name or password is expected; these are given as username and password");
  }
  return fetch::CheckUrl(endpoint);
}

// The BMC `id`, whose map begins at `place`.
Result<BmcAccess> AccessOf(const std::string& id, const std::string& place, const Entries& entries) {
  const std::string section = "bmcs." + Printable(id) + ".";
  BmcAccess bmc{.id = id};
  std::string insecure;
  const std::pair<const char*, std::string*> texts[] = {{"endpoint", &bmc.endpoint},
                                                        {"username", &bmc.username},
                                                        {"password", &bmc.password},
                                                        {"caFile", &bmc.ca_file},
                                                        {"insecure", &insecure}};
  for (const auto& [key, text] : texts) {
    auto read = TextOf(entries, key, section);
    if (!read) return read.error();
    *text = *std::move(read);
  }
  const auto fail = [&](const std::string& key, const std::string& why) {
    const auto entry = entries.find(key);
    return MakeError((entry != entries.end() ? entry->second.place : place) + ": " + section + key + ": " + why);
  };
  bmc.endpoint = Trim(bmc.endpoint);
  if (const Status checked = CheckEndpoint(bmc.endpoint); !checked) return fail("endpoint", checked.error().message);
  bmc.endpoint = WithoutSlashAtEnd(std::move(bmc.endpoint));
  if (Trim(bmc.username).empty() != Trim(bmc.password).empty()) {
    return Trim(bmc.username).empty() ? fail("username", "is missing, as there is a password; give both or neither")
                                      : fail("password", "is missing, as there is a username; give both or neither");
  }
  if (Trim(bmc.username).empty()) bmc.username = bmc.password = "";
  if (!IsUtf8(bmc.username)) return fail("username", "is no UTF-8, which the BMC would have to take it as");
  if (!IsUtf8(bmc.password)) return fail("password", "is no UTF-8, which the BMC would have to take it as");
  if (!insecure.empty()) {
    const auto flag = ParseBoolean(insecure);
    if (!flag) return fail("insecure", "true or false is expected");
    bmc.insecure = *flag;
  }
  return bmc;
}

void WarnOf(const BmcAccess& bmc, const std::string& place, std::vector<std::string>& warnings) {
  const std::string subject = place + ": bmcs." + Printable(bmc.id) + ": ";
  const bool plain = fetch::IsReadableOnTheWay(bmc.endpoint);
  if (plain && !bmc.password.empty()) {
    warnings.push_back(subject + "the password goes over plain http, where it can be read; give an endpoint of https");
  }
  if (bmc.insecure && !plain) {
    warnings.push_back(subject +
                       "insecure: any certificate is taken, so that whoever stands between can read the password; name "
                       "who signed it as caFile instead");
  }
  if (bmc.insecure && !bmc.ca_file.empty()) warnings.push_back(subject + "caFile is not used, because of insecure");
}

bool IsReadByAll(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

}  // namespace

Result<BmcConfig> ParseBmcConfig(const std::string& path, std::string_view content, const std::string& node_name) {
  const auto document = ParseYamlDocument(path, content);
  if (!document) return document.error();
  const auto root = EntriesOf(path, *document, "");
  if (!root) return root.error();
  BmcConfig config;
  WarnOfOthers(*root, {"nodes", "bmcs"}, "", config.warnings);
  std::map<std::string, Entries> sections;
  for (const char* const name : {"nodes", "bmcs"}) {
    const auto section = root->find(name);
    auto entries = EntriesOf(path, section != root->end() ? section->second.value : YAML::Node(), name);
    if (!entries) return entries.error();
    if (entries->empty()) {
      return MakeError(path + ": " + name + ": " +
                       (name == std::string("nodes") ? "no node has a BMC; give lines of NODE: BMC"
                                                     : "there is no BMC; give each an endpoint"));
    }
    sections[name] = *std::move(entries);
  }
  const Entries& bmcs = sections["bmcs"];
  std::string ours;  // the BMC of the node
  for (const auto& [node, entry] : sections["nodes"]) {
    Status checked;
    const auto id = TextOf(sections["nodes"], node, "nodes.");
    if (!id) checked = id.error();
    if (id && !bmcs.contains(*id)) {
      checked = MakeError(entry.place + ": nodes." + Printable(node) + ": bmcs does not have " + Quoted(*id));
    }
    if (node == node_name) {
      if (!checked) return checked.error();
      ours = *id;
    } else if (!checked) {
      config.warnings.push_back(checked.error().message);
    }
  }
  for (const auto& [id, entry] : bmcs) {
    const bool is_ours = !ours.empty() && id == ours;
    const auto entries = EntriesOf(path, entry.value, "bmcs." + Printable(id));
    auto bmc = entries ? AccessOf(id, entry.place, *entries) : Result<BmcAccess>(entries.error());
    if (!bmc && is_ours) return bmc.error();
    if (!bmc) {
      config.warnings.push_back(bmc.error().message);
      continue;
    }
    if (!is_ours) continue;
    WarnOfOthers(*entries, {"endpoint", "username", "password", "insecure", "caFile"}, "bmcs." + Printable(id) + ".",
                 config.warnings);
    WarnOf(*bmc, entry.place, config.warnings);
    config.bmc = *std::move(bmc);
  }
  if (config.warnings.size() > kMostWarnings) {
    const size_t more = config.warnings.size() - kMostWarnings;
    config.warnings.resize(kMostWarnings);
    config.warnings.push_back(path + ": " + std::to_string(more) + " more like these");
  }
  return config;
}

Result<BmcConfig> ReadBmcConfig(const std::string& path, const std::string& node_name) {
  const auto content = ReadRegularFile(path);
  if (!content) return content.error();
  auto config = ParseBmcConfig(path, *content, node_name);
  if (config && IsReadByAll(path)) {
    config->warnings.push_back(path +
                               ": everybody on this machine may read it, and it is for passwords; take that right away "
                               "(chmod o-r, or defaultMode: 0400 of a Kubernetes volume)");
  }
  return config;
}

}  // namespace brahe::redfish
