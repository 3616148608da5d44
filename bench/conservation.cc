// Counts CPU time for some seconds under a fork-heavy load, with every CPU as a socket of its own, and compares the sum
// of tasks and idle with wall time in every epoch and on every CPU. Prints one JSON object.
#include <glog/logging.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <numeric>
#include <thread>

#include "userspace/base/clock.h"
#include "userspace/cpu/bpf_cpu_time_source.h"
#include "userspace/cpu/child_process.h"

namespace brahe::bench {
namespace {

int Main(uint64_t seconds, uint32_t max_processes) {
  cpu::BpfSourceOptions options;
  options.program.topology = *cpu::ReadCpuTopology("/sys");
  std::iota(options.program.topology.socket_of_cpu.begin(), options.program.topology.socket_of_cpu.end(), 0);
  options.program.hierarchy = *cpu::FindCgroupHierarchy("/proc");
  options.program.max_processes = max_processes;
  options.program.pin_path = "/nonexistent/brahe";
  options.program.claim = "bench";
  auto source = cpu::MakeBpfCpuTimeSource(options, SystemClock());
  if (!source) {
    std::cerr << "conservation: " << source.error().message << "\n";
    return 1;
  }
  const auto next_epoch = [&] {
    if (const auto cut = (*source)->Cut(); !cut) std::exit(1);
    auto epoch = (*source)->Collect();
    if (!epoch) std::exit(1);
    (*source)->Acknowledge();
    return *std::move(epoch);
  };
  next_epoch();
  size_t processes = 0;
  std::thread load(
      [&] { processes = cpu::RunChildren(Seconds(seconds), 16, [](size_t i) { cpu::Burn(Milliseconds(i % 3)); }); });
  const Nanoseconds end = SystemClock().Now() + Seconds(seconds);
  uint64_t epochs = 0, error = 0, worst = 0, unassigned = 0;
  while (SystemClock().Now() < end) {
    SystemClock().SleepUntil(SystemClock().Now() + Milliseconds(100));
    const cpu::CpuTimeEpoch epoch = next_epoch();
    std::map<uint32_t, uint64_t> seen;
    for (const cpu::TaskTime& task : epoch.tasks) seen[task.socket] += task.time.value;
    for (const cpu::UnassignedTime& time : epoch.unassigned) {
      unassigned += time.time.value;
      if (time.cgroup_id != 0) seen[time.socket] += time.time.value;
    }
    for (const cpu::SocketTime& cpu : epoch.sockets) {
      const uint64_t wall = (epoch.end - epoch.begin).value;
      const uint64_t sum = seen[cpu.socket] + cpu.idle.value;
      const uint64_t difference = sum > wall ? sum - wall : wall - sum;
      error += difference;
      worst = std::max(worst, difference);
    }
    ++epochs;
  }
  load.join();
  const cpu::CpuTimeSourceStats stats = (*source)->Stats();
  std::printf(
      "{\"seconds\":%lu,\"epochs\":%lu,\"processes\":%zu,\"switches\":%lu,\"repaired\":%lu,\"map_capacity\":%lu,"
      "\"error_ns\":%lu,\"worst_ns\":%lu,\"unassigned_ns\":%lu,\"lost_ns\":%lu}\n",
      seconds, epochs, processes, stats.switches, stats.repaired_events, stats.map_capacity, error, worst, unassigned,
      stats.lost.value);
  return 0;
}

}  // namespace
}  // namespace brahe::bench

// Arguments: seconds, entries of the process table (0: the default).
int main(int argc, char** argv) {
  google::InitGoogleLogging(argv[0]);
  FLAGS_logtostderr = true;
  FLAGS_minloglevel = 1;
  return brahe::bench::Main(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 30,
                            argc > 2 ? static_cast<uint32_t>(std::strtoul(argv[2], nullptr, 10)) : 0);
}
