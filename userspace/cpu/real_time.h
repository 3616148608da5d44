#pragma once

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <stdexcept>

#include "userspace/base/file.h"
#include "userspace/cpu/child_process.h"

namespace brahe::cpu {

// Lets real-time tasks keep a CPU for ever. Set back at the end: what they starve may be needed by later tests.
class RealTimeUnbounded {
 public:
  RealTimeUnbounded() { std::ifstream(kPath) >> before_, std::ofstream(kPath) << -1; }
  RealTimeUnbounded(const RealTimeUnbounded&) = delete;
  RealTimeUnbounded& operator=(const RealTimeUnbounded&) = delete;
  ~RealTimeUnbounded() { std::ofstream(kPath) << before_; }

 private:
  static constexpr const char* kPath = "/proc/sys/kernel/sched_rt_runtime_us";
  long before_ = 950'000;
};

// A child that no other task can take this CPU from. By default the kernel does so after 0.95 s. It ends after half a
// minute, so that no test can wait for it for ever.
inline ChildProcess StartHog(uint32_t cpu) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const UniqueFd from(ends[0]), to(ends[1]);
  ChildProcess hog([&] {
    alarm(30);
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    const sched_param priority = {.sched_priority = sched_get_priority_max(SCHED_FIFO)};
    const bool alone = sched_setaffinity(0, sizeof set, &set) == 0 && sched_setscheduler(0, SCHED_FIFO, &priority) == 0;
    (void)!write(to.get(), alone ? "a" : "f", 1);
    while (true) {
    }
  });
  char said = 0;
  if (read(from.get(), &said, 1) != 1 || said != 'a') throw std::runtime_error("no real-time task can be made");
  return hog;
}

}  // namespace brahe::cpu
