#include "userspace/unpin_command.h"

#include <iostream>
#include <string>

#include "userspace/base/log_format.h"
#include "userspace/command_error.h"
#include "userspace/config/unpin_line.h"
#include "userspace/cpu/unpin.h"

namespace brahe {
namespace {

int Fatal(const std::string& message) { return FailCommand("unpin", message, 1); }

}  // namespace

int UnpinCommand(int count, char** arguments) {
  auto line = config::ParseUnpinLine(config::Arguments(arguments, arguments + count));
  if (!line) return Fatal(line.error().message);
  if (!line->text.empty()) {
    std::cout << line->text;
    return 0;
  }
  const config::Config& config = line->config;
  StartLogging("brahe", config.log.format == "json");
  SetLogLevel(config.log.level);
  const std::string pins = config.unpin.pins.empty() ? config.host.sysfs + "/fs/bpf/brahe" : config.unpin.pins;
  const auto removed = cpu::Unpin(pins);
  if (!removed) return Fatal(removed.error().message);
  if (removed->programs + removed->maps == 0) {
    std::cout << "Nothing is pinned in " << pins << "\n";
  } else {
    std::cout << "Removed from " << pins << ": " << removed->programs << " BPF programs, which no longer run, and "
              << removed->maps << " maps\n";
  }
  return 0;
}

}  // namespace brahe
