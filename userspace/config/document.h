#pragma once

#include <string>

namespace brahe::config {

// docs/configuration.md, as the table of options and its bindings say it.
std::string ConfigurationDocument();

}  // namespace brahe::config
