#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/config/options.h"

namespace brahe::config {

// A key that no option has. Nothing below it is looked at.
struct UnknownKey {
  std::string origin;  // "config.yaml:3: monitor.intervall"
  std::string hint;    // "; did you mean monitor.interval?"
};

// What a file says.
struct YamlFile {
  std::vector<Given> given;
  std::vector<UnknownKey> unknown;  // the first 20: a file that is none of ours does not fill the log
  size_t more_unknown = 0;          // how many others there are
};

// Reads a configuration file of at most 1 MiB. A section or a value that is left empty is not given. A key may also be
// written with dots ("monitor.interval: 1s"), and merge keys work. The Error names the file and, where there is one,
// the line and the key.
Result<YamlFile> ReadYamlFile(const std::string& path);

// The same of `content`, which stands in the file of this path.
Result<YamlFile> ParseYaml(const std::string& path, std::string_view content);

}  // namespace brahe::config
