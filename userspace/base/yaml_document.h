#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <string_view>

#include "userspace/base/result.h"

namespace brahe {

// The one document in `content`, which stands in the file at `path`; null if there is nothing. The Error names the file
// and the line of what is no YAML, or where a second document begins. Not by YAML::LoadAll, which in yaml-cpp before
// 0.9 never ends and takes all memory at a comma outside of brackets. Nodes may alias each other, and themselves: walk
// them with care.
Result<YAML::Node> LoadYamlDocument(const std::string& path, std::string_view content);

}  // namespace brahe
