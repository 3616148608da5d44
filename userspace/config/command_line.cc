#include <optional>
#include <utility>

#include "userspace/config/config.h"
#include "userspace/config/flags.h"
#include "userspace/config/help_text.h"
#include "userspace/config/options.h"
#include "userspace/config/version.h"
#include "userspace/config/yaml_file.h"

namespace brahe::config {
namespace {

// What the flags say, before any of it is applied.
struct FromFlags {
  std::optional<std::string> config_file;
  bool strict = false;  // about its keys
  std::vector<Given> given;
};

Result<FromFlags> ReadFlags(const Arguments& arguments) {
  const auto given = SetFlags(arguments);
  if (!given) return given.error();
  FromFlags from_flags;
  for (const Flag* flag : *given) {
    const std::string value = ValueOf(*flag);
    if (flag->name == kConfigFile) from_flags.config_file = value;
    if (flag->name == kConfigStrict) from_flags.strict = value == "true";
    if (flag->option == nullptr) continue;
    const std::string name = "--" + flag->name;
    from_flags.given.push_back({.option = flag->option, .place = name, .origin = name, .texts = {value}});
  }
  return from_flags;
}

// What --help or --version prints; empty: neither is asked for.
std::string TextFor(const Arguments& arguments) {
  const std::string_view asked = TextAskedFor(arguments);
  if (asked == "help") return HelpText(kExporterHead, Flags());
  if (asked == "version") return "brahe " + std::string(kVersion) + "\n";
  return "";
}

Status ApplyFile(const std::string& path, bool strict, CommandLine& line) {
  auto file = ReadYamlFile(path);
  if (!file) return file.error();
  if (strict && !file->unknown.empty()) {
    const UnknownKey& first = file->unknown.front();
    return MakeError(first.origin + ": unknown key" + first.hint);
  }
  for (const UnknownKey& key : file->unknown) {
    line.remarks.unknown_keys.push_back(key.origin + ": unknown key, ignored" + key.hint);
  }
  if (file->more_unknown > 0) {
    line.remarks.unknown_keys.push_back(path + ": " + std::to_string(file->more_unknown) +
                                        " more unknown keys, ignored");
  }
  return Apply(std::move(file->given), line);
}

std::string ValueOf(const Setting& setting) { return setting.value.empty() ? "nothing" : setting.value; }

}  // namespace

Result<CommandLine> ParseCommandLine(int argc, const char* const* argv) {
  const Arguments arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  CommandLine line;
  line.text = TextFor(arguments);
  if (!line.text.empty()) {
    line.action = CommandLine::Action::kPrintAndExit;
    return line;
  }
  auto flags = ReadFlags(arguments);
  if (!flags) return flags.error();
  if (const auto& path = flags->config_file) {
    if (path->empty()) return MakeError("--" + std::string(kConfigFile) + ": the path of a file is expected");
    if (const Status applied = ApplyFile(*path, flags->strict, line); !applied) return applied.error();
  }
  if (const Status applied = Apply(std::move(flags->given), line); !applied) return applied.error();
  if (const Status checked = CheckTogether(line.config); !checked) return checked.error();
  return line;
}

Result<Reread> RereadCommandLine(int argc, const char* const* argv, const std::vector<Setting>& in_effect) {
  auto line = ParseCommandLine(argc, argv);
  if (!line) return line.error();
  Reread reread{.config = std::move(line->config),
                .remarks = std::move(line->remarks),
                .settings = in_effect,
                .applied = {},
                .pending = {}};
  for (size_t i = 0; i < in_effect.size(); ++i) {
    const Setting& now = line->settings[i];
    if (now.reloadable) reread.settings[i] = now;
    if (now.value == in_effect[i].value) continue;
    if (now.reloadable) {
      reread.applied.push_back(now.key + " is " + ValueOf(now) + " now (" + now.origin + ")");
    } else {
      const std::string where = now.origin == kDefaultOrigin ? "back to its default, " + ValueOf(now)
                                                             : "to " + ValueOf(now) + " in " + now.origin;
      reread.pending.push_back(now.key + " changed " + where + "; restart to apply it");
    }
  }
  return reread;
}

}  // namespace brahe::config
