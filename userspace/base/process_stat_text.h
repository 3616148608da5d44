#pragma once

#include <cstdint>
#include <string>

#include "userspace/base/process_stat.h"

namespace brahe {

// What PROCFS/PID/stat would say of such a process, all 52 fields of it. Its comm is written as it is.
inline std::string ProcessStatText(uint32_t pid, const ProcessStat& stat) {
  const auto text = [](uint64_t number) { return std::to_string(number) + " "; };
  return text(pid) + "(" + stat.comm + ") " + stat.state + " " + text(stat.parent) + "2 3 0 -1 " + text(stat.flags) +
         "1 2 3 4 " + text(stat.user_ticks) + text(stat.system_ticks) + "7 8 20 0 1 0 " + text(stat.start_ticks) +
         text(stat.virtual_bytes) + text(stat.resident_pages) + "18446744073709551615 4 5 6 7 8 9 10 11 12 0 0 0 17 " +
         text(stat.cpu) + "0 0 0 0 0 0 0 0 0 0 0 0 0\n";
}

}  // namespace brahe
