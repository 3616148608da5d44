// brahe: which command is asked for.
#include <iostream>
#include <string_view>

#include "userspace/base/capabilities.h"
#include "userspace/base/standard_files.h"
#include "userspace/check_command.h"
#include "userspace/run_command.h"
#include "userspace/serve.h"
#include "userspace/top_command.h"

namespace brahe {
namespace {

int Main(int argc, char** argv) {
  // First of all: what is opened from here on must not take the place of a standard file, and the configuration may be
  // readable by root only.
  for (const Status& status : {OpenStandardFiles(), UsePermittedCapabilities()}) {
    if (status) continue;
    std::cerr << "brahe: " << status.error().message << "\n";
    return 1;
  }
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "run") return RunCommand(argc - 2, argv + 2);
  if (command == "check") return CheckCommand(argc - 2, argv + 2);
  if (command == "top") return TopCommand(argc - 2, argv + 2);
  return Serve(argc, argv);
}

}  // namespace
}  // namespace brahe

int main(int argc, char** argv) { return brahe::Main(argc, argv); }
