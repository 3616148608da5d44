// brahe: which command is asked for.
#include <algorithm>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/capabilities.h"
#include "userspace/base/nearest_name.h"
#include "userspace/base/standard_files.h"
#include "userspace/base/values.h"
#include "userspace/check_command.h"
#include "userspace/run_command.h"
#include "userspace/serve.h"
#include "userspace/state_command.h"
#include "userspace/top_command.h"
#include "userspace/unpin_command.h"

namespace brahe {
namespace {

constexpr struct Command {
  std::string_view name;
  int (*run)(int count, char** arguments);
} kCommands[] = {{"run", RunCommand},
                 {"check", CheckCommand},
                 {"top", TopCommand},
                 {"state", StateCommand},
                 {"unpin", UnpinCommand}};

std::string DescribeUnknown(std::string_view word) {
  std::vector<std::string> names;
  for (const Command& command : kCommands) names.emplace_back(command.name);
  const auto nearest = NearestName(word, names);
  return Quoted(word) + ": there is no such command" + (nearest ? "; did you mean " + *nearest + "?" : "") +
         (nearest ? " C" : "; c") + "ommands are " + Joined(names) +
         "; without one it serves, with flags as --name=value";
}

int Main(int argc, char** argv) {
  // First of all: what is opened from here on must not take the place of a standard file, and the configuration may be
  // readable by root only.
  for (const Status& status : {OpenStandardFiles(), UsePermittedCapabilities()}) {
    if (status) continue;
    std::cerr << "brahe: " << status.error().message << "\n";
    return 1;
  }
  const std::string_view word = argc > 1 ? argv[1] : "";
  const auto* const command = std::ranges::find(kCommands, word, &Command::name);
  if (command != std::end(kCommands)) return command->run(argc - 2, argv + 2);
  if (word.empty() || word.starts_with('-')) return Serve(argc, argv);
  std::cerr << "brahe: " << DescribeUnknown(word) << "\n";
  return 1;
}

}  // namespace
}  // namespace brahe

int main(int argc, char** argv) { return brahe::Main(argc, argv); }
