#include "userspace/energy/perf_counter.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace brahe::energy {

Result<UniqueFd> OpenPerfCounter(const PerfTarget& target) {
  perf_event_attr attributes = {};
  attributes.size = sizeof attributes;
  attributes.type = target.type;
  attributes.config = target.config;
  attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED;
  constexpr int kAnyProcess = -1, kNoGroup = -1;
  const auto fd = syscall(SYS_perf_event_open, &attributes, kAnyProcess, static_cast<int>(target.cpu), kNoGroup,
                          PERF_FLAG_FD_CLOEXEC);
  if (fd < 0) {
    return SystemError("perf_event_open of type " + std::to_string(target.type) + ", config " +
                       std::to_string(target.config) + " on CPU " + std::to_string(target.cpu));
  }
  return UniqueFd(static_cast<int>(fd));
}

Result<PerfCount> ReadPerfCounter(int fd, const std::string& name) {
  std::array<uint64_t, 2> numbers = {};
  const ssize_t length = read(fd, numbers.data(), sizeof numbers);
  if (length < 0) return SystemError("read " + name);
  // The kernel says so with an empty read where it could not put the event on its CPU.
  if (length != sizeof numbers) return Error{EIO, "read " + name + ": the kernel does not count it"};
  return PerfCount{.counts = numbers[0], .enabled = {numbers[1]}};
}

}  // namespace brahe::energy
