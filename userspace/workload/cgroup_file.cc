#include "userspace/workload/cgroup_file.h"

#include <algorithm>

namespace brahe::workload {
namespace {

// The part of `line` that is a path; empty if it has none.
std::string_view PathOfLine(std::string_view line) {
  const size_t first = line.find(':');
  const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
  const size_t start = second == std::string_view::npos ? line.size() : second + 1;
  std::string_view path = line.substr(start);
  // A mount that reaches above this process' cgroup namespace shows "/../../x" as "x".
  while (path.starts_with("/../")) path.remove_prefix(3);
  return path.starts_with('/') && path != "/.." ? path : std::string_view();
}

}  // namespace

std::vector<std::string> CgroupPathsIn(std::string_view text) {
  std::vector<std::string> paths;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::string_view path = PathOfLine(line);
    if (!path.empty()) paths.emplace_back(path);
  }
  return paths;
}

}  // namespace brahe::workload
