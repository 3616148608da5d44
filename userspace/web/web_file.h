#pragma once

#include <string>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/base/yaml_keys.h"

namespace brahe::web {

// Reads which keys a web configuration file gives, without a look at their values but that none holds a secret that may
// not. No Error shows a value.
Result<std::vector<YamlGiven>> ReadWebFile(const std::string& path);

}  // namespace brahe::web
