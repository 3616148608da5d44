#include "userspace/config/unpin_line.h"

#include "userspace/base/values.h"

namespace brahe::config {
namespace {

constexpr std::string_view kHead =
    "Takes out of the kernel what an exporter that has ended left there to go on counting. As root.\n"
    "Usage: brahe unpin [OPTIONS]\n"
    "The exit status is 0 also where nothing was there, and 1 where an exporter runs, or where it cannot be removed.\n";

const std::vector<OwnOption>& OwnOptions() {
  static const std::vector<OwnOption> options = {
      {0, {"Unpin", "", "pins", "the folder where it is pinned; empty: fs/bpf/brahe below host.sysfs", PathAt([
           ](Config & c) -> auto& { return c.unpin.pins; })}},
  };
  return options;
}

}  // namespace

const CommandFlags& UnpinFlags() {
  static const CommandFlags flags("unpin", kHead, OwnOptions());
  return flags;
}

Result<CommandArguments> ParseUnpinLine(const Arguments& arguments) {
  auto parsed = UnpinFlags().Parse(arguments);
  if (!parsed || !parsed->text.empty()) return parsed;
  if (parsed->rest < arguments.size()) {
    return UnpinFlags().Failure(Printable(arguments[parsed->rest]) + ": nothing but flags is expected");
  }
  return parsed;
}

}  // namespace brahe::config
