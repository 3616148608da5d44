#include "userspace/exporter/asked_history.h"

#include <limits>

#include "userspace/base/values.h"
#include "userspace/exporter/asked_levels.h"

namespace brahe::exporter {

Result<AskedHistory> AskedHistoryOf(const std::vector<std::pair<std::string, std::string>>& arguments) {
  AskedHistory asked;
  const auto levels = AskedLevels(arguments);
  if (!levels) return levels.error();
  if (levels->size() > 1) return MakeError("the history is told of one level at a time, not of " + Joined(*levels));
  if (levels->size() == 1) asked.level = levels->front();
  if (asked.level == "process" || asked.level == "node") {
    return MakeError("there is no history of the level " + asked.level + "; ask for programs, or for no level");
  }
  for (const auto& [name, value] : arguments) {
    if (name != "since") continue;
    const auto since = ParseCount(value, std::numeric_limits<int64_t>::max());
    if (!since) return MakeError("since: " + since.error().message);
    asked.since_ms = *since;
  }
  return asked;
}

}  // namespace brahe::exporter
