#include "userspace/cpu/procfs_parsers.h"

#include <algorithm>

#include "userspace/base/words.h"

namespace brahe::cpu {

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
  if (text.find('\n') == std::string_view::npos) cpus.clear();
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

}  // namespace brahe::cpu
