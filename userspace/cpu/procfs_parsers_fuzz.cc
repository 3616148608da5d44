#include <algorithm>
#include <string>

#include "userspace/base/fuzz_input.h"
#include "userspace/cpu/procfs_parsers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace brahe::cpu;
  const std::string_view text = brahe::TextOf(data, size);
  std::vector<CpuIdle> cpus = {{.cpu = 7}};
  ParseCpuIdle(text, cpus);
  brahe::Require(cpus.size() <= static_cast<size_t>(1 + std::count(text.begin(), text.end(), '\n')),
                 "a line tells of one CPU");
  std::string written;
  for (const CpuIdle& one : cpus) {
    written += "cpu" + std::to_string(one.cpu) + " 1 2 3 " + std::to_string(one.idle_ticks) + " " +
               std::to_string(one.iowait_ticks) + " 0 0 0 0 0\n";
  }
  written += "intr 0\n";
  std::vector<CpuIdle> again;
  ParseCpuIdle(written, again);
  brahe::Require(std::equal(cpus.begin(), cpus.end(), again.begin(), again.end(),
                            [](const CpuIdle& a, const CpuIdle& b) {
                              return a.cpu == b.cpu && a.idle_ticks == b.idle_ticks && a.iowait_ticks == b.iowait_ticks;
                            }),
                 "CPUs are read as they are written");
  ParseUptime(text, 100);
  ParseUptime(text, 1000);
  return 0;
}
