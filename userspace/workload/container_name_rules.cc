#include "userspace/workload/container_name_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace brahe::workload {
namespace {

using Json = nlohmann::json;

constexpr size_t kLongestName = 256;

// The text before the next `end`, which is removed from `rest` with it. `rest` must not be empty.
std::string_view TakeUntil(char end, std::string_view& rest) {
  const std::string_view part = rest.substr(0, rest.find(end));
  rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  return part;
}

// The container's part of a name that stands for a place in a pod, else the whole. No part has a '_' of its own. A
// seventh makes the name unique where another has it already.
std::string_view WithoutPlace(std::string_view name) {
  std::vector<std::string_view> parts;
  for (std::string_view rest = name; !rest.empty();) parts.push_back(TakeUntil('_', rest));
  const bool has_place = (parts.size() == 6 || parts.size() == 7) && parts[0] == "k8s" && !parts[1].empty();
  return has_place ? parts[1] : name;
}

std::string Bounded(std::string_view name) { return name.size() <= kLongestName ? std::string(name) : ""; }

// The value that follows the first option called `brief` or `full`; --FULL=VALUE too. Empty if there is none.
std::string_view ValueOf(std::string_view brief, std::string_view full, std::string_view arguments) {
  while (!arguments.empty()) {
    std::string_view argument = TakeUntil('\0', arguments);
    if (argument == brief || argument == full) return arguments.empty() ? arguments : TakeUntil('\0', arguments);
    if (argument.starts_with(full) && argument.substr(full.size()).starts_with('=')) {
      return argument.substr(full.size() + 1);
    }
  }
  return {};
}

// An id from podman's payload cgroups may be cut.
bool IsIdOf(std::string_view whole, std::string_view id) {
  constexpr size_t kShortest = 12;
  return whole == id || (id.size() >= kShortest && whole.starts_with(id));
}

// The string `key` of an object; empty if `object` is none or has no such string.
std::string_view StringIn(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto it = object.find(key);
  if (it == object.end() || !it->is_string()) return {};
  return it->get_ref<const std::string&>();
}

Json Parse(std::string_view json) { return Json::parse(json, nullptr, /*allow_exceptions=*/false); }

}  // namespace

std::string NameInConmonArguments(std::string_view arguments, std::string_view id) {
  if (arguments.empty()) return "";
  const std::string_view program = TakeUntil('\0', arguments);
  if (program.substr(program.rfind('/') + 1) != "conmon") return "";
  if (!IsIdOf(ValueOf("-c", "--cid", arguments), id)) return "";
  return Bounded(WithoutPlace(ValueOf("-n", "--name", arguments)));
}

std::string NameInDockerConfig(std::string_view json, std::string_view id) {
  const Json config = Parse(json);
  if (StringIn(config, "ID") != id) return "";
  std::string_view name = StringIn(config, "Name");
  if (name.starts_with('/')) name.remove_prefix(1);
  return Bounded(WithoutPlace(name));
}

std::string NameInBundleConfig(std::string_view json) {
  const Json config = Parse(json);
  if (!config.is_object() || !config.contains("annotations")) return "";
  const Json& annotations = config["annotations"];
  for (const char* key : {"io.kubernetes.cri.container-name", "nerdctl/name"}) {
    const std::string_view name = StringIn(annotations, key);
    if (!name.empty()) return Bounded(name);
  }
  return StringIn(annotations, "io.kubernetes.cri.container-type") == "sandbox" ? kSandboxName : "";
}

std::string DockerFolderInBundleConfig(std::string_view json, std::string_view id) {
  const Json config = Parse(json);
  if (!config.is_object() || !config.contains("mounts") || !config["mounts"].is_array()) return "";
  const std::string end = "/containers/" + std::string(id) + "/hostname";
  for (const Json& mount : config["mounts"]) {
    const std::string_view source = StringIn(mount, "source");
    if (source.ends_with(end)) return std::string(source.substr(0, source.rfind('/')));
  }
  return "";
}

std::string DataRootInDockerdArguments(std::string_view arguments) {
  const std::string_view root = ValueOf("--data-root", "--data-root", arguments);
  return std::string(root.empty() ? ValueOf("-g", "--graph", arguments) : root);  // --graph: before docker 23
}

std::string ConfigFileInDockerdArguments(std::string_view arguments) {
  return std::string(ValueOf("--config-file", "--config-file", arguments));
}

std::string DataRootInDockerdConfig(std::string_view json) {
  const Json config = Parse(json);
  const std::string_view root = StringIn(config, "data-root");
  return std::string(root.empty() ? StringIn(config, "graph") : root);
}

std::string NameInEnvironment(std::string_view environment) {
  constexpr std::string_view kVariable = "CONTAINER_NAME=";
  // What has no end is cut.
  environment = environment.substr(0, environment.rfind('\0') + 1);
  while (!environment.empty()) {
    const std::string_view entry = TakeUntil('\0', environment);
    if (entry.starts_with(kVariable)) return Bounded(entry.substr(kVariable.size()));
  }
  return "";
}

}  // namespace brahe::workload
