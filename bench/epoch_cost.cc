// Measures what an epoch costs user space: the CPU time of Cut, Collect and Acknowledge, with the machine's own number
// of possible CPUs and with a fake larger one, of which the rest is offline. `epoch_cost ROUNDS EPOCHS SLEEPERS` prints
// one JSON object: the mean ms of an epoch in every round, beside so many processes that sleep; or why that many CPUs
// fail.
#include <glog/logging.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_set>
#include <vector>

#include "bench/herd.h"
#include "userspace/base/clock.h"
#include "userspace/cpu/bpf_cpu_time_source.h"

namespace brahe::bench {
namespace {

constexpr size_t kFakeCpus = 512;
constexpr Nanoseconds kPause = Milliseconds(200);  // between epochs
constexpr size_t kWarmUpEpochs = 4;                // within these all processes are seen, and then told no more

[[noreturn]] void Die(const std::string& what) {
  std::cerr << "epoch_cost: " << what << "\n";
  std::exit(1);
}

// CPU time that this thread has used.
Nanoseconds Used() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return Seconds(static_cast<uint64_t>(time.tv_sec)) + Nanoseconds{static_cast<uint64_t>(time.tv_nsec)};
}

cpu::CpuTimeEpoch NextEpoch(cpu::CpuTimeSource& source) {
  if (const auto cut = source.Cut(); !cut) Die(cut.error().message);
  auto epoch = source.Collect();
  if (!epoch) Die(epoch.error().message);
  source.Acknowledge();
  return *std::move(epoch);
}

void Pause() { SystemClock().SleepUntil(SystemClock().Now() + kPause); }

// Makes every process of the herd run once, so that the source knows it, and lets them be forgotten again.
void IntroduceHerd(cpu::CpuTimeSource& source, const Herd& herd) {
  for (const pid_t pid : herd.pids()) kill(pid, SIGUSR1);
  std::unordered_set<uint32_t> unseen(herd.pids().begin(), herd.pids().end());
  for (size_t i = 0; i < kWarmUpEpochs; ++i) {
    Pause();
    for (const cpu::TaskTime& task : NextEpoch(source).tasks) unseen.erase(task.process.pid);
  }
  if (!unseen.empty()) Die(std::to_string(unseen.size()) + " processes were not seen");
}

// The mean ms of an epoch of a new source with `possible` CPUs; an Error if it cannot be made.
Result<double> MeasureSource(size_t possible, size_t epochs, const Herd& herd) {
  cpu::BpfSourceOptions options;
  options.program.topology = *cpu::ReadCpuTopology("/sys");
  options.program.topology.socket_of_cpu.resize(possible, options.program.topology.socket_of_cpu.back());
  options.program.hierarchy = *cpu::FindCgroupHierarchy("/proc");
  options.program.pin_path = "/nonexistent/brahe";
  options.program.claim = "bench";
  const auto source = cpu::MakeBpfCpuTimeSource(options, SystemClock());
  if (!source) return source.error();
  IntroduceHerd(**source, herd);
  Nanoseconds used;
  for (size_t i = 0; i < epochs; ++i) {
    Pause();
    const Nanoseconds begin = Used();
    NextEpoch(**source);
    used += Used() - begin;
  }
  return static_cast<double>(used.value) / 1e6 / static_cast<double>(epochs);
}

int Main(size_t rounds, size_t epochs, size_t sleepers) {
  signal(SIGUSR1, [](int) {});
  const auto herd = Herd::Start(sleepers, [](size_t) {
    while (true) pause();
  });
  if (!herd) Die(herd.error().message);
  const size_t own = cpu::ReadCpuTopology("/sys")->socket_of_cpu.size(), fake = std::max(own, kFakeCpus);
  nlohmann::json result = {{"own_cpus", own}, {"fake_cpus", fake}, {"fake_error", nullptr}};
  for (size_t round = 0; round < rounds; ++round) {
    const auto of_own = MeasureSource(own, epochs, *herd);
    if (!of_own) Die(of_own.error().message);
    result["own_ms"].push_back(*of_own);
    if (!result["fake_error"].is_null()) continue;  // to be refused takes the kernel many seconds
    const auto of_fake = MeasureSource(fake, epochs, *herd);
    if (of_fake) {
      result["fake_ms"].push_back(*of_fake);
    } else {
      result["fake_error"] = of_fake.error().message;
    }
  }
  std::cout << result << "\n";
  return 0;
}

}  // namespace
}  // namespace brahe::bench

int main(int argc, char** argv) {
  google::InitGoogleLogging(argv[0]);
  FLAGS_logtostderr = true;
  FLAGS_minloglevel = 1;
  if (argc != 4) {
    std::cerr << "epoch_cost ROUNDS EPOCHS SLEEPERS\n";
    return 2;
  }
  return brahe::bench::Main(std::strtoul(argv[1], nullptr, 10), std::strtoul(argv[2], nullptr, 10),
                            std::strtoul(argv[3], nullptr, 10));
}
