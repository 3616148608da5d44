#include "userspace/cpu/procfs_parsers.h"

#include <algorithm>
#include <charconv>

namespace brahe {
namespace {

// Takes one word off the front of `rest`; empty at the end.
std::string_view TakeWord(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const std::string_view word = rest.substr(0, rest.find_first_of(" \n"));
  rest.remove_prefix(word.size());
  return word;
}

template <typename Number>
bool ParseWhole(std::string_view word, Number& number) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return !word.empty() && error == std::errc() && end == word.data() + word.size();
}

template <typename Number>
bool TakeNumber(std::string_view& rest, Number& number) {
  return ParseWhole(TakeWord(rest), number);
}

void SkipWords(std::string_view& rest, int count) {
  for (int i = 0; i < count; ++i) TakeWord(rest);
}

// What task->comm holds of the name in stat, where the kernel escapes line ends and backslashes. To a worker's name it
// appends what that does at the moment ("kworker/0:1-events"), which would make it another series at every look.
void SetTaskComm(std::string_view name, std::string& comm) {
  constexpr size_t kCommLength = 15;
  if (name.starts_with("kworker/")) name = name.substr(0, name.find_first_of("-+"));
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
  uint64_t user = 0;
  uint64_t system = 0;
  if (!TakeNumber(rest, stat.parent)) return false;  // field 4
  SkipWords(rest, 4);
  if (!TakeNumber(rest, stat.flags)) return false;  // field 9
  SkipWords(rest, 4);
  if (!TakeNumber(rest, user) || !TakeNumber(rest, system)) return false;  // fields 14 and 15
  SkipWords(rest, 6);
  if (!TakeNumber(rest, stat.start_ticks)) return false;  // field 22
  SkipWords(rest, 16);
  if (!TakeNumber(rest, stat.cpu)) return false;  // field 39
  stat.cpu_ticks = user + system;
  return true;
}

void ParseCpuIdle(std::string_view text, std::vector<CpuIdle>& cpus) {
  cpus.clear();
  while (text.starts_with("cpu")) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    CpuIdle cpu;
    if (!ParseWhole(TakeWord(line).substr(3), cpu.cpu)) continue;  // the first line is the sum, called "cpu"
    SkipWords(line, 3);                                            // user, nice, system
    if (TakeNumber(line, cpu.idle_ticks) && TakeNumber(line, cpu.iowait_ticks)) cpus.push_back(cpu);
  }
}

std::optional<uint64_t> ParseUptime(std::string_view text, uint64_t ticks_per_second) {
  const std::string_view word = TakeWord(text);
  const size_t point = word.find('.');
  uint64_t seconds = 0;
  uint64_t hundredths = 0;
  if (point == std::string_view::npos || !ParseWhole(word.substr(0, point), seconds) || word.size() - point != 3 ||
      !ParseWhole(word.substr(point + 1), hundredths)) {
    return std::nullopt;
  }
  return seconds * ticks_per_second + hundredths * ticks_per_second / 100;
}

}  // namespace brahe
