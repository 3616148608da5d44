#include "userspace/exporter/asked_levels.h"

#include <algorithm>
#include <string_view>

#include "userspace/base/file.h"
#include "userspace/base/plain_text.h"
#include "userspace/base/values.h"
#include "userspace/exposition/levels.h"

namespace brahe::exporter {
namespace {

// Words that are no level are as long as a client likes.
constexpr size_t kMostQuoted = 40;

Status AddLevel(std::string_view word, std::vector<std::string>& levels) {
  const auto& known = exposition::kLevels;
  if (std::find(known.begin(), known.end(), word) == known.end()) {
    return MakeError("no level is called \"" + PlainText(word, kMostQuoted) + "\"; levels are " +
                     Joined({known.begin(), known.end()}));
  }
  if (std::find(levels.begin(), levels.end(), word) == levels.end()) levels.emplace_back(word);
  return {};
}

}  // namespace

Result<std::vector<std::string>> AskedLevels(const std::vector<std::pair<std::string, std::string>>& arguments) {
  std::vector<std::string> levels;
  for (const auto& [name, value] : arguments) {
    if (name != "level" && name != "collect[]") continue;
    std::string_view rest = value;
    while (true) {
      const size_t comma = rest.find(',');
      if (const Status added = AddLevel(Trim(rest.substr(0, comma)), levels); !added) return added.error();
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return levels;
}

}  // namespace brahe::exporter
