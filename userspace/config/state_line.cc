#include "userspace/config/state_line.h"

#include "userspace/base/values.h"

namespace brahe::config {
namespace {

constexpr std::string_view kHead =
    "Shows what an exporter keeps over its end, and changes nothing. As root, or as the exporter's user.\n"
    "Usage: brahe state [OPTIONS]\n"
    "The folder is that of the settings, else /var/lib/brahe, which is the packaged service's.\n";

const std::vector<OwnOption>& OwnOptions() {
  static const std::vector<OwnOption> options = {
      {0, {"State", "", "json", "print one object of JSON", SwitchAt([](Config & c) -> auto& {
             return c.show_state.json;
           })}},
  };
  return options;
}

}  // namespace

const CommandFlags& StateFlags() {
  static const CommandFlags flags =
      CommandFlags::WithOnly("state", kHead, OwnOptions(), {kConfigFile, kConfigStrict, "state.dir", "host.procfs"});
  return flags;
}

Result<CommandArguments> ParseStateLine(const Arguments& arguments) {
  auto parsed = StateFlags().Parse(arguments);
  if (!parsed || !parsed->text.empty()) return parsed;
  if (parsed->rest < arguments.size()) {
    return StateFlags().Failure(Printable(arguments[parsed->rest]) + ": nothing but flags is expected");
  }
  return parsed;
}

}  // namespace brahe::config
