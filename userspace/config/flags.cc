#include "userspace/config/flags.h"

#include <gflags/gflags.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "userspace/base/file.h"
#include "userspace/base/values.h"

DECLARE_string(vmodule);  // glog's

namespace brahe::config {
namespace {

// What gflags keeps the value and the default of a flag in.
template <typename Value>
struct Kept {
  Kept(const Flag& flag, const Value& value)
      : value(value),
        fallback(value),
        registerer(flag.name.c_str(), flag.help.c_str(), __FILE__, &this->value, &fallback) {}

  Value value;
  Value fallback;
  google::FlagRegisterer registerer;
};

// gflags ends the process over a name that it is told twice, and never forgets one: `flag` lives as long.
void Register(const Flag& flag) {
  static std::deque<Kept<bool>> switches;
  static std::deque<Kept<std::string>> texts;
  if (flag.kind == OptionKind::kSwitch) {
    switches.emplace_back(flag, flag.fallback == "true");
  } else {
    texts.emplace_back(flag, flag.fallback);
  }
}

// "settings=1,bpf*=2"; glog itself skips what it does not understand.
bool IsVmodule(const char* /*name*/, const std::string& text) {
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view one = rest.substr(0, rest.find(','));
    const size_t equals = one.find('=');
    if (equals == 0 || equals == std::string_view::npos || !ParseInteger(one.substr(equals + 1))) return false;
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
  }
  return true;
}

std::vector<Flag> MakeFlags() {
  constexpr auto kSwitch = OptionKind::kSwitch;
  constexpr auto kValue = OptionKind::kValue;
  constexpr auto kList = OptionKind::kList;
  std::vector<Flag> flags = {
      {kGeneralSection, kConfigFile, kValue, "FILE", "", "YAML file in Kepler's schema; flags win over it"},
      {kGeneralSection, kConfigStrict, kSwitch, "", "false", "a key of the file that nobody knows is an error"},
  };
  for (const Option& option : Options()) {
    if (option.flag.empty()) continue;
    const Binding& binding = option.binding;
    flags.push_back(
        {option.section, option.flag, binding.kind, binding.argument, binding.fallback, option.help, &option});
  }
  const auto add_glogs = [&](const char* name, OptionKind kind, const char* argument, const char* help) {
    flags.push_back({"Log", name, kind, argument, "", help, nullptr, /*of_glog=*/true});
  };
  add_glogs("v", kValue, "NUMBER", "glog's verbosity; not given: 1 at log.level debug, else 0");
  add_glogs("vmodule", kList, "FILE=NUMBER", "the same of single source files, such as settings=1");
  add_glogs("log_utc_time", kSwitch, "", "lines of text have times in UTC");
  return flags;
}

// Returns whether glog's flag for single files is checked from now on.
bool RegisterAll(const std::vector<Flag>& flags) {
  for (const Flag& flag : flags) {
    if (!flag.of_glog) Register(flag);
  }
  return google::RegisterFlagValidator(&FLAGS_vmodule, IsVmodule);
}

// The parts of "--name=value".
struct Parts {
  std::string_view name;  // with its dashes
  std::optional<std::string_view> value;
};

Parts PartsOf(std::string_view argument) {
  const size_t equals = argument.find('=');
  if (equals == std::string_view::npos) return {argument, std::nullopt};
  return {argument.substr(0, equals), argument.substr(equals + 1)};
}

struct Found {
  const Flag* flag = nullptr;  // null: nobody knows the name
  bool off = false;            // the name is that of a switch with "no-" before it
};

// `name` with its dashes.
Found Find(std::string_view name) {
  for (const Flag& flag : Flags()) {
    if (name == "--" + flag.name) return {&flag, false};
    if (flag.kind == OptionKind::kSwitch && name == "--no-" + flag.name) return {&flag, true};
  }
  return {};
}

// gflags' own flags, which read files and the environment or end the process, and the rest of glog's, which write files
// and send mail.
bool IsOfALibrary(const std::string& name) {
  google::CommandLineFlagInfo info;
  const size_t dashes = std::min(name.find_first_not_of('-'), name.size());
  return google::GetCommandLineFlagInfo(name.c_str() + dashes, &info) && Find("--" + info.name).flag == nullptr;
}

Error Unexpected(std::string_view argument) {
  if (!argument.starts_with('-') || argument == "-" || argument == "--") {
    return MakeError(Quoted(argument) + ": unexpected argument; write flags as --name=value and switches as --name");
  }
  const std::string name(PartsOf(argument).name);
  if (IsOfALibrary(name)) {
    return MakeError(Printable(name) +
                     ": a library's flag, which is not taken here; see --help for those that are, and "
                     "--config.file for a file of settings");
  }
  if (Find("-" + name).flag != nullptr) return MakeError(name + ": unknown flag; did you mean -" + name + "?");
  std::vector<std::string> names = {"--help", "--version"};
  for (const Flag& flag : Flags()) {
    if (flag.name.size() == 1) continue;  // near to all that is short
    names.push_back("--" + flag.name);
    if (flag.kind == OptionKind::kSwitch) names.push_back("--no-" + flag.name);
  }
  return MakeError(Printable(name) + ": unknown flag" + Hint(name, names));
}

// A flag and the value that is written for it.
struct Written {
  const Flag* flag;
  std::string value;
};

// Takes the arguments apart by our rules: gflags would end the process over a fault, take -name and --noname, and give
// a flag without a value the flag behind it for one.
Result<std::vector<Written>> Read(const Arguments& arguments) {
  std::vector<Written> all;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const auto [name, value] = PartsOf(arguments[i]);
    const auto [flag, off] = Find(name);
    if (flag == nullptr) return Unexpected(arguments[i]);
    if (flag->kind == OptionKind::kSwitch) {
      const auto on = ParseBoolean(Trim(value.value_or("true")));
      if (!on) return MakeError("--" + flag->name + ": " + on.error().message);
      all.push_back({flag, *on != off ? "true" : "false"});
    } else if (value) {
      all.push_back({flag, std::string(*value)});
    } else if (i + 1 == arguments.size()) {
      return MakeError(std::string(name) + ": a value is expected");
    } else if (arguments[i + 1].starts_with("--")) {
      return MakeError(std::string(name) + ": a value is expected before " + Printable(arguments[i + 1]));
    } else {
      all.push_back({flag, std::string(arguments[++i])});
    }
  }
  return all;
}

// The elements of both lists.
std::string Together(const std::string& before, const std::string& more) {
  if (Trim(more).empty()) return before;
  return Trim(before).empty() ? more : before + "," + more;
}

// Returns whether gflags takes the value.
bool Set(const Flag& flag, const std::string& value) {
  return !google::SetCommandLineOption(flag.name.c_str(), value.c_str()).empty();
}

void SetToDefault(const Flag& flag) {
  google::CommandLineFlagInfo info;
  if (google::GetCommandLineFlagInfo(flag.name.c_str(), &info)) Set(flag, info.default_value);
}

}  // namespace

const std::vector<Flag>& Flags() {
  static const std::vector<Flag> flags = MakeFlags();
  [[maybe_unused]] static const bool registered = RegisterAll(flags);
  return flags;
}

std::string_view TextAskedFor(const Arguments& arguments) {
  for (const std::string_view argument : arguments) {
    const std::string_view name = PartsOf(argument).name;
    if (argument == "--") break;
    if (name == "--help" || name == "-h") return "help";
    if (name == "--version") return "version";
  }
  return "";
}

Result<std::set<const Flag*>> SetFlags(const Arguments& arguments) {
  const auto written = Read(arguments);
  if (!written) return written.error();
  for (const Flag& flag : Flags()) {
    if (!flag.of_glog) SetToDefault(flag);
  }
  std::set<const Flag*> given;
  for (const auto& [flag, value] : *written) {
    const bool again = !given.insert(flag).second;
    const bool adds = again && flag->kind == OptionKind::kList;
    if (!Set(*flag, adds ? Together(ValueOf(*flag), value) : value)) {
      return MakeError("--" + flag->name + ": " + Quoted(value) + " is not " + flag->argument + "; see --help");
    }
  }
  return given;
}

std::string ValueOf(const Flag& flag) {
  std::string value;
  google::GetCommandLineOption(flag.name.c_str(), &value);
  return value;
}

}  // namespace brahe::config
