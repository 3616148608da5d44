#include "userspace/config/run_line.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "userspace/base/values.h"
#include "userspace/config/help_text.h"
#include "userspace/config/options.h"
#include "userspace/config/version.h"

namespace brahe::config {
namespace {

constexpr std::string_view kHead =
    "Runs a command and tells how many joules it and all its descendants use. As root.\n"
    "Usage: brahe run [OPTIONS] [--] COMMAND [ARGUMENT...]\n"
    "       brahe run -r N [OPTIONS] [--] COMMAND [ARGUMENT...] --vs COMMAND [ARGUMENT...]   two, compared\n";

// A row of run's own options. Their keys are not in the file: they are of one run.
struct RunOption {
  char letter;
  Option option;
};

const std::vector<RunOption>& OwnOptions() {
  constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max();
  static const std::vector<RunOption> options = {
      {'r',
       {"Run", "", "repeat", "runs of each command",
        CountAt(
            [](Config & c) -> auto& { return c.run.repeat; }, kMost)}},
      {0,
       {"Run", "", "warmup", "runs of each command before them that are not counted",
        CountAt(
            [](Config & c) -> auto& { return c.run.warm_up; }, kMost)}},
      {0, {"Run", "", "wait", "wait for what the command left running; no: end with the command", SwitchAt([
           ](Config & c) -> auto& { return c.run.wait; })}},
      {0,
       {"Run", "", "json", "report as one object of JSON", SwitchAt([](Config & c) -> auto& { return c.run.json; })}},
      {0, {"Run", "", "csv", "report as a line for each zone of each run", SwitchAt([](Config & c) -> auto& {
             return c.run.csv;
           })}},
      {0, {"Run", "", "markdown", "report with tables in Markdown", SwitchAt([](Config & c) -> auto& {
             return c.run.markdown;
           })}},
      {'o',
       {"Run", "", "output", "where the report goes; -: standard output; none: standard error",
        TextAt(
            [](Config & c) -> auto& { return c.run.output; }, "FILE")}},
  };
  return options;
}

// What says where figures come from, of the exporter's.
bool IsShared(const Flag& flag) {
  return flag.section == kGeneralSection || flag.section == "Log" || flag.section == "Host" ||
         flag.section == "CPU time and energy";
}

// The parts of "--name=value".
struct Written {
  const Flag* flag = nullptr;  // null: nobody knows it
  bool off = false;            // the name has "no-" before it
  std::optional<std::string> value;
};

Written Find(std::string_view argument) {
  const size_t equals = argument.find('=');
  const std::string_view name = argument.substr(0, equals);
  Written written;
  if (equals != std::string_view::npos) written.value = argument.substr(equals + 1);
  for (const Flag& flag : RunFlags()) {
    const bool is_off = flag.kind == OptionKind::kSwitch && name == "--no-" + flag.name;
    const bool is_letter = flag.letter != 0 && name == std::string("-") + flag.letter;
    if (!is_off && !is_letter && name != "--" + flag.name) continue;
    written.flag = &flag;
    written.off = is_off;
  }
  return written;
}

Error Unknown(std::string_view argument) {
  std::vector<std::string> names = {"--help", kVersus};
  for (const Flag& flag : RunFlags()) names.push_back("--" + flag.name);
  const std::string name(argument.substr(0, argument.find('=')));
  return MakeError("brahe run: " + Printable(name) + ": unknown flag" + Hint(name, names) +
                   "; a command whose name begins so stands after --");
}

// Splits the rest into one command, or two.
Result<std::vector<std::vector<std::string>>> CommandsIn(const Arguments& words) {
  std::vector<std::vector<std::string>> commands(1);
  for (const std::string_view word : words) {
    if (word == kVersus) {
      commands.emplace_back();
    } else {
      commands.back().emplace_back(word);
    }
  }
  if (commands.size() > 2) return MakeError("brahe run: two commands at most are compared, with one --vs between them");
  for (const auto& command : commands) {
    if (!command.empty() && !command.front().empty()) continue;
    return MakeError("brahe run: a command is expected " +
                     std::string(commands.size() == 1 ? "after the flags" : "before and after --vs") +
                     "; see brahe run --help");
  }
  return commands;
}

Status CheckRun(const Config::Run& run) {
  if (run.repeat == 0) return MakeError("brahe run: --repeat: at least 1 is expected");
  if (run.json + run.csv + run.markdown > 1) {
    return MakeError("brahe run: a report has one form: --json, --csv or --markdown");
  }
  return {};
}

}  // namespace

const std::vector<Flag>& RunFlags() {
  static const std::vector<Flag> all = [] {
    std::vector<Flag> flags;
    for (const auto& [letter, option] : OwnOptions()) {
      const Binding& binding = option.binding;
      flags.push_back({.section = option.section,
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
      if (IsShared(flag)) flags.push_back(flag);
    }
    return flags;
  }();
  return all;
}

bool IsOfRun(const Flag& flag) { return flag.section == OwnOptions().front().option.section; }

Result<RunLine> ParseRunLine(const Arguments& arguments) {
  std::vector<std::pair<const Flag*, std::string>> own;
  std::vector<std::string> shared = {"brahe"};
  RunLine line;
  size_t at = 0;
  for (; at < arguments.size(); ++at) {
    const std::string_view argument = arguments[at];
    if (!argument.starts_with('-') || argument == "-" || argument == "--" || argument == kVersus) break;
    if (const std::string_view asked = TextAskedFor({argument}); !asked.empty()) {
      line.text = asked == "help" ? HelpText(kHead, RunFlags()) : "brahe " + std::string(kVersion) + "\n";
      return line;
    }
    Written written = Find(argument);
    if (written.flag == nullptr) return Unknown(argument);
    const Flag& flag = *written.flag;
    if (!written.value && flag.kind == OptionKind::kSwitch) written.value = "true";
    if (!written.value) {
      if (at + 1 == arguments.size()) return MakeError("brahe run: " + std::string(argument) + ": a value is expected");
      written.value = arguments[++at];
    }
    if (!IsOfRun(flag)) {
      shared.push_back((written.off ? "--no-" : "--") + flag.name + "=" + *written.value);
      continue;
    }
    if (flag.kind == OptionKind::kSwitch) {
      const auto on = ParseBoolean(*written.value);
      if (!on) return MakeError("brahe run: --" + flag.name + ": " + on.error().message);
      written.value = *on != written.off ? "true" : "false";
    }
    own.emplace_back(&flag, *written.value);
  }
  std::vector<const char*> argv;
  for (const std::string& argument : shared) argv.push_back(argument.c_str());
  auto common = ParseCommandLine(static_cast<int>(argv.size()), argv.data());
  if (!common) return common.error();
  line.config = std::move(common->config);
  const auto is_default_level = [](const Setting& s) { return s.key == "log.level" && s.origin == kDefaultOrigin; };
  if (std::any_of(common->settings.begin(), common->settings.end(), is_default_level)) line.config.log.level = "warn";
  for (const auto& [flag, value] : own) {
    if (const Status set = flag->option->binding.set({value}, line.config); !set) {
      return MakeError("brahe run: --" + flag->name + ": " + set.error().message);
    }
  }
  if (const Status checked = CheckRun(line.config.run); !checked) return checked.error();
  if (at < arguments.size() && arguments[at] == "--") ++at;
  auto commands = CommandsIn(Arguments(arguments.begin() + static_cast<ptrdiff_t>(at), arguments.end()));
  if (!commands) return commands.error();
  line.commands = *std::move(commands);
  return line;
}

}  // namespace brahe::config
