#include "userspace/workload/command_line.h"

#include <algorithm>
#include <string_view>

#include "userspace/base/file.h"

namespace brahe::workload {

Result<std::vector<std::string>> ReadCommandLine(const std::string& folder) {
  const auto text = ReadFile(folder + "/cmdline", kLongestCommandLine);
  if (!text) return text.error();
  std::vector<std::string> arguments;
  for (std::string_view rest = *text; !rest.empty();) {
    arguments.emplace_back(rest.substr(0, rest.find('\0')));
    rest.remove_prefix(std::min(arguments.back().size() + 1, rest.size()));
  }
  return arguments;
}

}  // namespace brahe::workload
