#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/config/binding.h"
#include "userspace/config/config.h"

namespace brahe::config {

// One thing that can be set: a row of the table that the flags, the YAML reader, --help and docs/configuration.md are
// made from.
struct Option {
  std::string section;  // heading in --help
  std::string key;      // in the YAML file: "monitor.interval"; empty: there is none
  std::string flag;     // without its dashes; empty: there is none
  std::string help;     // empty: neither --help nor the documentation lists it
  Binding binding;
  bool reloadable = false;  // SIGHUP re-reads it
};

// Heading of what Kepler has and Brahe does not.
inline constexpr char kWithoutEffectSection[] = "Kepler's, not supported yet";

// All options, in the order in which they are listed and applied.
const std::vector<Option>& Options();

// What somebody wrote for one option, and where.
struct Given {
  const Option* option = nullptr;  // a row of Options()
  std::string place;               // "config.yaml:3" or "--monitor.interval"
  std::string origin;              // "config.yaml:3: monitor.interval" or "--monitor.interval"
  std::vector<std::string> texts;
};

// The values of `config`, each on one line and all from `origin`.
std::vector<Setting> SettingsOf(const Config& config, const std::string& origin);

// Applies all that one source gave to the configuration, in the order of the table, adds what has no effect and renews
// the settings. Each Error begins with its origin.
Status Apply(std::vector<Given> given, CommandLine& line);

// What must hold between options, once all sources are applied.
Status CheckTogether(const Config& config);

// "; did you mean NAME?" with the nearest of `names`, or "; see --help" if none is near.
std::string Hint(std::string_view name, const std::vector<std::string>& names);

}  // namespace brahe::config
