#include "userspace/top/row_names.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace brahe::top {
namespace {

// What people look at first comes first.
constexpr std::string_view kOrder[] = {"process", "program", "container", "pod", "namespace", "owner",
                                       "vm",      "unit",    "user",      "job", kSocketLevel};

size_t PlaceOf(const Level& level) {
  return static_cast<size_t>(std::find(std::begin(kOrder), std::end(kOrder), level.name) - std::begin(kOrder));
}

}  // namespace

Row ProcessRow(uint64_t pid, std::string comm, std::string exe, const std::string& container_id,
               const std::string& vm_id) {
  return {.name = std::move(comm),
          .id = std::to_string(pid),
          .detail = std::move(exe),
          .cpu_time = {},
          .parent = container_id.empty() ? NodeKey("vm", vm_id) : NodeKey("container", container_id)};
}

Row ContainerRow(const std::string& id, std::string name, std::string runtime, const std::string& pod_id) {
  return {.name = std::move(name),
          .id = id,
          .detail = std::move(runtime),
          .cpu_time = {},
          .key = id,
          .parent = NodeKey("pod", pod_id)};
}

Row VmRow(const std::string& id, std::string name, std::string hypervisor) {
  return {.name = std::move(name), .id = id, .detail = std::move(hypervisor), .cpu_time = {}, .key = id};
}

Row PodRow(const std::string& id, const std::string& name, const std::string& name_space) {
  return {.name = name_space.empty() ? name : name_space + "/" + name,
          .id = id,
          .detail = {},
          .cpu_time = {},
          .key = id,
          .parent = NodeKey("namespace", name_space)};
}

Row GroupRow(const std::vector<std::string>& values) {
  std::string name;
  for (const std::string& value : values) {
    if (!value.empty()) name += (name.empty() ? "" : "/") + value;
  }
  return {.name = name, .id = {}, .detail = {}, .cpu_time = {}, .key = name};
}

std::vector<Level> Arranged(std::vector<Level> levels) {
  std::erase_if(levels, [](const Level& level) { return level.rows.empty() || level.series == 0; });
  std::stable_sort(levels.begin(), levels.end(),
                   [](const Level& a, const Level& b) { return PlaceOf(a) < PlaceOf(b); });
  for (Level& level : levels) {
    for (Row& row : level.rows) {
      if (row.name.empty()) row.name = row.id;
      if (row.id == row.name) row.id.clear();
    }
  }
  return levels;
}

}  // namespace brahe::top
