#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/config/options.h"

namespace brahe {

// Reads a configuration file of at most 1 MiB. A section or a value that is left empty is not given. A key may also be
// written with dots ("monitor.interval: 1s"), and merge keys work. The Error names the file and, where there is one,
// the line and the key.
Result<std::vector<Given>> ReadYamlFile(const std::string& path);

// The same of `content`, which stands in the file of this path.
Result<std::vector<Given>> ParseYaml(const std::string& path, std::string_view content);

}  // namespace brahe
