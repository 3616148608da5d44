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

std::string PodName(const std::string& name_space, const std::string& name) {
  return name_space.empty() ? name : name_space + "/" + name;
}

std::string GroupName(const std::vector<std::string>& values) {
  std::string name;
  for (const std::string& value : values) {
    if (!value.empty()) name += (name.empty() ? "" : "/") + value;
  }
  return name;
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
