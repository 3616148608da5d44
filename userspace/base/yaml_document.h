#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "userspace/base/result.h"

namespace brahe {

// The root of the only document of `content`, which stands in the file of this path; a null node if it is empty.
// Further documents in which nothing stands do not count. Each Error names the file and, where there is one, the line,
// and shows nothing of what the file holds.
Result<YAML::Node> ParseYamlDocument(const std::string& path, std::string_view content);

using YamlEntry = std::pair<YAML::Node, YAML::Node>;  // key and value

// The entries of `map`, and then those that its merge keys ("<<: *defaults") bring where it has no such key itself; of
// several maps the first wins. The Error names the file and the line.
Result<std::vector<YamlEntry>> YamlEntries(const std::string& path, const YAML::Node& map);

// "config.yaml:3".
std::string YamlPlace(const std::string& path, const YAML::Node& node);

// What a node is, for errors: "a map", "a list", "nothing", "a single value".
std::string YamlShape(const YAML::Node& node);

}  // namespace brahe
