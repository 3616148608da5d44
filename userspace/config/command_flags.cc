#include "userspace/config/command_flags.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "userspace/base/values.h"
#include "userspace/config/help_text.h"
#include "userspace/config/version.h"

namespace brahe::config {
namespace {

constexpr char kLogLevel[] = "log.level";  // a flag and a key
constexpr char kDefaultLogLevel[] = "warn";

// What says where figures come from, of the exporter's.
bool IsShared(const Flag& flag) {
  return flag.section == kGeneralSection || flag.section == "Log" || flag.section == "Host" ||
         flag.section == "CPU time and energy";
}

}  // namespace

// The parts of "--name=value".
struct CommandFlags::Written {
  const Flag* flag = nullptr;  // null: nobody knows it
  bool off = false;            // the name has "no-" before it
  std::optional<std::string> value;
};

CommandFlags::CommandFlags(std::string name, std::string_view head, const std::vector<OwnOption>& own,
                           const std::set<std::string_view>& left_out)
    : CommandFlags(std::move(name), head, own, std::function<bool(const Flag&)>([&left_out](const Flag& flag) {
                     return IsShared(flag) && !left_out.contains(flag.name);
                   })) {}

CommandFlags CommandFlags::WithOnly(std::string name, std::string_view head, const std::vector<OwnOption>& own,
                                    const std::set<std::string_view>& taken) {
  return {std::move(name), head, own,
          std::function<bool(const Flag&)>([&taken](const Flag& flag) { return taken.contains(flag.name); })};
}

CommandFlags::CommandFlags(std::string name, std::string_view head, const std::vector<OwnOption>& own,
                           const std::function<bool(const Flag&)>& takes)
    : name_(std::move(name)), head_(head), own_section_(own.front().option.section) {
  for (const auto& [letter, option] : own) {
    const Binding& binding = option.binding;
    flags_.push_back({.section = option.section,
                      .name = option.flag,
                      .kind = binding.kind,
                      .argument = binding.argument,
                      .fallback = binding.fallback,
                      .help = option.help,
                      .option = &option,
                      .of_glog = false,
                      .letter = letter});
  }
  for (const Flag& flag : Flags()) {
    if (!takes(flag)) continue;
    flags_.push_back(flag);
    if (flag.name == kLogLevel) flags_.back().fallback = kDefaultLogLevel;
  }
}

Result<CommandArguments> CommandFlags::Parse(const Arguments& arguments, std::string_view stop) const {
  std::vector<std::pair<const Flag*, std::string>> own;
  std::vector<std::string> shared = {"brahe"};
  CommandArguments parsed;
  size_t at = 0;
  for (; at < arguments.size(); ++at) {
    const std::string_view argument = arguments[at];
    if (!argument.starts_with('-') || argument == "-" || argument == "--" || argument == stop) break;
    if (const std::string_view asked = TextAskedFor({argument}); !asked.empty()) {
      parsed.text = asked == "help" ? HelpText(head_, flags_) : "brahe " + std::string(kVersion) + "\n";
      return parsed;
    }
    Written written = Find(argument);
    if (written.flag == nullptr) return Unknown(argument, stop);
    const Flag& flag = *written.flag;
    if (!written.value && flag.kind == OptionKind::kSwitch) written.value = "true";
    if (!written.value) {
      if (at + 1 == arguments.size()) return Failure(std::string(argument) + ": a value is expected");
      written.value = arguments[++at];
    }
    if (!IsOwn(flag)) {
      parsed.says_how_to_count = parsed.says_how_to_count || !(flag.of_glog || flag.name.starts_with("log."));
      shared.push_back((written.off ? "--no-" : "--") + flag.name + "=" + *written.value);
      continue;
    }
    if (flag.kind == OptionKind::kSwitch) {
      const auto on = ParseBoolean(*written.value);
      if (!on) return Failure("--" + flag.name + ": " + on.error().message);
      written.value = *on != written.off ? "true" : "false";
    }
    own.emplace_back(&flag, *written.value);
  }
  std::vector<const char*> argv;
  argv.reserve(shared.size());
  for (const std::string& argument : shared) argv.push_back(argument.c_str());
  auto common = ParseCommandLine(static_cast<int>(argv.size()), argv.data());
  if (!common) return common.error();
  parsed.config = std::move(common->config);
  const auto is_default_level = [](const Setting& s) { return s.key == kLogLevel && s.origin == kDefaultOrigin; };
  if (std::any_of(common->settings.begin(), common->settings.end(), is_default_level)) {
    parsed.config.log.level = kDefaultLogLevel;
  }
  for (const auto& [flag, value] : own) {
    if (const Status set = flag->option->binding.set({value}, parsed.config); !set) {
      return Failure("--" + flag->name + ": " + set.error().message);
    }
  }
  if (at < arguments.size() && arguments[at] == "--") ++at;
  parsed.rest = at;
  return parsed;
}

CommandFlags::Written CommandFlags::Find(std::string_view argument) const {
  const size_t equals = argument.find('=');
  const std::string_view name = argument.substr(0, equals);
  Written written;
  if (equals != std::string_view::npos) written.value = argument.substr(equals + 1);
  for (const Flag& flag : flags_) {
    const bool is_off = flag.kind == OptionKind::kSwitch && name == "--no-" + flag.name;
    const bool is_letter = flag.letter != 0 && name == std::string("-") + flag.letter;
    if (!is_off && !is_letter && name != "--" + flag.name) continue;
    written.flag = &flag;
    written.off = is_off;
  }
  return written;
}

Error CommandFlags::Unknown(std::string_view argument, std::string_view stop) const {
  std::vector<std::string> names = {"--help"};
  if (!stop.empty()) names.emplace_back(stop);
  for (const Flag& flag : flags_) names.push_back("--" + flag.name);
  const std::string name(argument.substr(0, argument.find('=')));
  const std::string after_dashes = stop.empty() ? "" : "; a command whose name begins so stands after --";
  return Failure(Printable(name) + ": unknown flag" + Hint(name, names) + after_dashes);
}

}  // namespace brahe::config
