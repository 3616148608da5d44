#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/config/binding.h"
#include "userspace/config/config.h"

namespace brahe {

// One thing that can be set: a row of the table that the flags, the YAML reader and --help are made from.
struct Option {
  std::string section;  // heading in --help
  std::string key;      // in the YAML file: "monitor.interval"; empty: there is none
  std::string flag;     // without its dashes; empty: there is none
  std::string help;     // empty: --help does not list it
  Binding binding;
};

// All options, in the order in which they are listed and applied.
const std::vector<Option>& Options();

// What somebody wrote for one option, and where: "config.yaml:3: monitor.interval" or "--monitor.interval".
struct Given {
  const Option* option = nullptr;  // a row of Options()
  std::string origin;
  std::vector<std::string> texts;
};

// Applies all that one source gave to the configuration, in the order of the table, and adds the warnings. Each Error
// and warning begins with its origin.
Status Apply(std::vector<Given> given, CommandLine& line);

// What must hold between options, once all sources are applied.
Status CheckTogether(const Config& config);

// "; did you mean NAME?" with the nearest of `names`, or "; see --help" if none is near.
std::string Hint(std::string_view name, const std::vector<std::string>& names);

}  // namespace brahe
