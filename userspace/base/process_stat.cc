#include "userspace/base/process_stat.h"

#include "userspace/base/words.h"

namespace brahe {
namespace {

// A worker's name without what the kernel appends to it: what it does at the moment ("kworker/0:1-events" and
// "kworker/0:1+events"), which would make it another series at every look. A rescuer's name ("kworker/R-nvme-wq", since
// Linux 6.7) has dashes of its own.
std::string_view WorkersOwnName(std::string_view name) {
  return name.substr(0, name.find_first_of(name.starts_with("kworker/R-") ? "+" : "-+"));
}

// What task->comm holds of the name in stat, where the kernel escapes line ends and backslashes, and shows names of
// kernel threads that do not fit in full.
void SetTaskComm(std::string_view name, std::string& comm) {
  constexpr size_t kCommLength = 15;
  if (name.starts_with("kworker/")) name = WorkersOwnName(name);
  comm.clear();
  for (size_t i = 0; i < name.size() && comm.size() < kCommLength; ++i) {
    const bool escaped = name[i] == '\\' && i + 1 < name.size() && (name[i + 1] == 'n' || name[i + 1] == '\\');
    if (escaped) ++i;
    comm += escaped && name[i] == 'n' ? '\n' : name[i];
  }
}

}  // namespace

bool ParseProcessStat(std::string_view text, ProcessStat& stat) {
  // The name may hold parentheses, blanks and line ends; what follows it may not.
  const size_t open = text.find('(');
  const size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return false;
  SetTaskComm(text.substr(open + 1, close - open - 1), stat.comm);

  std::string_view rest = text.substr(close + 1);
  const std::string_view state = TakeWord(rest);  // field 3
  if (state.size() != 1) return false;
  stat.state = state.front();
  if (!TakeNumber(rest, stat.parent)) return false;  // field 4
  SkipWords(rest, 4);
  if (!TakeNumber(rest, stat.flags)) return false;  // field 9
  SkipWords(rest, 4);
  if (!TakeNumber(rest, stat.user_ticks) || !TakeNumber(rest, stat.system_ticks)) return false;  // fields 14 and 15
  SkipWords(rest, 6);
  if (!TakeNumber(rest, stat.start_ticks) || !TakeNumber(rest, stat.virtual_bytes) ||
      !TakeNumber(rest, stat.resident_pages)) {  // fields 22 to 24
    return false;
  }
  SkipWords(rest, 14);
  return TakeNumber(rest, stat.cpu) && !rest.empty();  // field 39, and more: it was not cut off
}

std::optional<uint32_t> ParseRealUid(std::string_view text) {
  // The name, which comes first, has no newline that is not escaped.
  constexpr std::string_view kLine = "\nUid:\t";
  const size_t line = text.find(kLine);
  if (line == std::string_view::npos) return std::nullopt;
  const std::string_view number = text.substr(line + kLine.size());
  uint32_t uid = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), uid);
  const bool whole = error == std::errc() && end != number.data() + number.size() && *end == '\t';
  return whole ? std::optional(uid) : std::nullopt;
}

}  // namespace brahe
