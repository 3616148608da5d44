#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/values.h"
#include "userspace/config/config.h"
#include "userspace/config/options.h"
#include "userspace/config/version.h"
#include "userspace/config/yaml_file.h"

namespace brahe {
namespace {

constexpr char kConfigFile[] = "--config.file";
constexpr char kConfigStrict[] = "--config.strict";
constexpr char kNoConfigStrict[] = "--no-config.strict";

// What the arguments say, before any of it is applied.
struct Arguments {
  std::string text;  // of --help or --version
  std::optional<std::string> config_file;
  bool strict = false;  // about its keys
  std::vector<Given> given;
};

// CLI11's layout of --help with one blank line between groups, and switches as --[no-]name.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override {
    return CLI::Formatter::make_group(std::move(group), is_positional, std::move(options)).substr(1);
  }
  std::string make_usage(const CLI::App* app, std::string name) const override {
    return CLI::Formatter::make_usage(app, std::move(name)) + "\n";
  }
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    const bool is_switch = option->get_lnames().size() == 2;
    return is_switch ? "--[no-]" + option->get_lnames().front()
                     : CLI::Formatter::make_option_name(option, is_positional);
  }
};

std::string HelpOf(const Option& option) {
  const std::string& fallback = option.binding.fallback;
  return option.help + (fallback.empty() ? "" : " (default: " + fallback + ")");
}

CLI::Option* AddFlag(CLI::App& app, const Option& option) {
  const Binding& binding = option.binding;
  const std::string name = "--" + option.flag;
  CLI::Option* flag = binding.kind == OptionKind::kSwitch ? app.add_flag(name + ",!--no-" + option.flag)
                                                          : app.add_option(name)->option_text(binding.argument);
  // Of a value that is given again, the last one counts; taking all leaves that to us.
  return flag->description(HelpOf(option))
      ->group(option.help.empty() ? "" : option.section)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

// CLI11 takes "--name=" for "--name" and would go on to eat the next argument, so an empty value becomes an argument
// of its own. CLI11 wants the arguments last first.
std::vector<std::string> ForCli11(int argc, const char* const* argv) {
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    const bool empty_value = argument.starts_with("--") && argument.find('=') == argument.size() - 1;
    if (empty_value) argument.pop_back();
    arguments.push_back(std::move(argument));
    if (empty_value) arguments.emplace_back();
  }
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

Error Unexpected(const std::string& argument) {
  if (!argument.starts_with('-')) {
    return MakeError(Quoted(argument) + ": unexpected argument; write flags as --name=value and switches as --name");
  }
  const std::string name = argument.substr(0, argument.find('='));
  std::vector<std::string> names = {kConfigFile, kConfigStrict, kNoConfigStrict, "--help", "--version"};
  for (const Option& option : Options()) {
    if (option.flag.empty()) continue;
    names.push_back("--" + option.flag);
    if (option.binding.kind == OptionKind::kSwitch) names.push_back("--no-" + option.flag);
  }
  return MakeError(Printable(name) + ": unknown flag" + Hint(name, names));
}

// A row of the table and what CLI11 knows of its flag.
struct Flag {
  const Option* option;
  const CLI::Option* parsed;
};

Result<std::vector<Given>> TakeGiven(const std::vector<Flag>& flags) {
  std::vector<Given> all;
  for (const auto& [option, parsed] : flags) {
    if (parsed->empty()) continue;
    const std::string name = "--" + option->flag;
    Given given{.option = option, .place = name, .origin = name, .texts = parsed->results()};
    for (const std::string& text : given.texts) {
      if (text.starts_with("--")) return MakeError(given.origin + ": a value is expected before " + Printable(text));
    }
    if (option->binding.kind != OptionKind::kList) given.texts.erase(given.texts.begin(), given.texts.end() - 1);
    all.push_back(std::move(given));
  }
  return all;
}

Result<Arguments> ReadArguments(int argc, const char* const* argv) {
  CLI::App app("Tells how many joules each process, container, VM and pod on this node uses.", "brahe");
  app.formatter(std::make_shared<HelpFormatter>());
  app.get_formatter()->column_width(42);
  app.set_help_flag("-h,--help", "print this help and exit")->group("General");
  app.set_version_flag("--version", "brahe " + std::string(kVersion), "print the version and exit")->group("General");
  CLI::Option* file = app.add_option(kConfigFile)->option_text("FILE")->group("General");
  file->description("YAML file in Kepler's schema; flags win over it")->take_last();
  CLI::Option* strict = app.add_flag(std::string(kConfigStrict) + ",!" + kNoConfigStrict)->group("General");
  strict->description("a key of the file that nobody knows is an error (default: false)")->take_last();
  app.allow_extras();  // so that an unknown flag can be reported with the nearest one that is known
  std::vector<Flag> flags;
  for (const Option& option : Options()) {
    if (!option.flag.empty()) flags.push_back({&option, AddFlag(app, option)});
  }

  Arguments arguments;
  try {
    app.parse(ForCli11(argc, argv));
  } catch (const CLI::CallForHelp&) {
    arguments.text = std::string(Trim(app.help())) + "\n";
    return arguments;
  } catch (const CLI::CallForVersion& version) {
    arguments.text = std::string(version.what()) + "\n";
    return arguments;
  } catch (const CLI::ArgumentMismatch& e) {
    const std::string_view what = e.what();  // begins with the flag and a colon
    return MakeError(std::string(what.substr(0, what.find(':'))) + ": a value is expected");
  } catch (const CLI::ParseError& e) {
    return MakeError(Printable(e.what()));
  }
  if (const auto extras = app.remaining(); !extras.empty()) return Unexpected(extras.front());
  if (!file->empty()) arguments.config_file = file->results().back();
  if (!strict->empty()) {
    const auto on = ParseBoolean(strict->results().back());
    if (!on) return MakeError(std::string(kConfigStrict) + ": " + on.error().message);
    arguments.strict = *on;
  }
  auto given = TakeGiven(flags);
  if (!given) return given.error();
  arguments.given = std::move(*given);
  return arguments;
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
  auto arguments = ReadArguments(argc, argv);
  if (!arguments) return arguments.error();
  CommandLine line;
  if (!arguments->text.empty()) {
    line.action = CommandLine::Action::kPrintAndExit;
    line.text = std::move(arguments->text);
    return line;
  }
  if (const auto& path = arguments->config_file) {
    if (path->empty()) return MakeError(std::string(kConfigFile) + ": the path of a file is expected");
    if (const Status applied = ApplyFile(*path, arguments->strict, line); !applied) return applied.error();
  }
  if (const Status applied = Apply(std::move(arguments->given), line); !applied) return applied.error();
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

}  // namespace brahe
