#include "userspace/config/check_line.h"

#include <string>

#include "userspace/base/values.h"

namespace brahe::config {
namespace {

constexpr std::string_view kHead =
    "Tells whether this machine measures well: its sensors, what the kernel side counts, the books. As root.\n"
    "Usage: brahe check [OPTIONS]\n"
    "The exit status is 0 where all figures are right, 1 where some are wrong or may be, and 2 where nothing can be "
    "told.\n";

const std::vector<OwnOption>& OwnOptions() {
  constexpr uint64_t kMost = 3600;
  static const std::vector<OwnOption> options = {
      {0,
       {"Check", "", "seconds", "how long it watches, from 3 to 3600",
        CountAt(
            [](Config & c) -> auto& { return c.check.seconds; }, kMost)}},
      {0, {"Check", "", "json", "report as one object of JSON", SwitchAt([](Config & c) -> auto& {
             return c.check.json;
           })}},
  };
  return options;
}

}  // namespace

const CommandFlags& CheckFlags() {
  static const CommandFlags flags("check", kHead, OwnOptions());
  return flags;
}

Result<CommandArguments> ParseCheckLine(const Arguments& arguments) {
  constexpr uint64_t kLeast = 3;
  auto parsed = CheckFlags().Parse(arguments);
  if (!parsed || !parsed->text.empty()) return parsed;
  if (parsed->rest < arguments.size()) {
    return CheckFlags().Failure(Printable(arguments[parsed->rest]) + ": nothing but flags is expected");
  }
  if (parsed->config.check.seconds < kLeast) return CheckFlags().Failure("--seconds: at least 3 are expected");
  return parsed;
}

}  // namespace brahe::config
