// Books EPOCHS epochs of a node of LISTED processes of which ACTIVE run in each, and makes the snapshots, with LEVELS
// levels of groups beside those that there are; prints what that costs as JSON: {"ms": median CPU time of an epoch,
// "worst_ms": ..., "bytes": heap bytes for each listed process, the latest snapshot included, "state_ms": median CPU
// time that it adds to an epoch to have its state kept, "write_ms": the same of another thread that writes it out,
// "state_bytes": what is written}. CPU time, energy and names come from fakes, which cost next to nothing.
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/fake_clock.h"
#include "userspace/base/protobuf_writer.h"
#include "userspace/checkpoint/checkpoint.h"
#include "userspace/checkpoint/checkpointer.h"
#include "userspace/monitor/books_state.h"
#include "userspace/monitor/epoch_runner.h"
#include "userspace/monitor/fakes.h"

namespace brahe::bench {
namespace {

constexpr uint64_t kHostCgroup = 1, kFirstCgroup = 100, kCgroups = 100;

double CpuMilliseconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

size_t HeapBytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// Fills the caches.
void Sweep() {
  static std::vector<uint64_t> memory(8 << 20);
  for (size_t i = 0; i < memory.size(); i += 8) ++memory[i];
}

// Half of the processes live in kCgroups containers, ten of them in each pod; the others in none.
class Node {
 public:
  explicit Node(int more_levels) {
    const auto programs = std::find_if(groupings_.begin(), groupings_.end(),
                                       [](const monitor::Grouping& grouping) { return grouping.level == "program"; });
    groupings_.insert(groupings_.end(), static_cast<size_t>(more_levels), monitor::Grouping(*programs));
    monitor::MonitorParts parts;
    parts.groupings = groupings_;
    parts.cpu_time.reset(cpu_ = new monitor::FakeCpuTimeSource(clock_));
    parts.energy.reset(meter_ = new monitor::FakeEnergyMeter(
                           {{"package", "/p0", 0}, {"core", "/c0", 0}, {"dram", "/d0", std::nullopt}}));
    parts.workloads.reset(resolver_ = new monitor::FakeWorkloadResolver);
    for (uint64_t i = 0; i < kCgroups; ++i) {
      const std::string id = std::string(60, 'a') + std::to_string(1000 + i);
      const workload::Pod pod{std::string(32, 'b') + std::to_string(1000 + i / 10), "pod-" + std::to_string(i / 10),
                              "space"};
      resolver_->containers[kFirstCgroup + i] = {id, "containerd", pod.uid};
      resolver_->pods[id] = {pod, "container-" + std::to_string(i)};
      resolver_->cgroup_facts[kFirstCgroup + i].unit = "kubepods.slice";
    }
    runner_.emplace(std::move(parts),
                    monitor::EndedPolicy{.max_listed = 500, .min_energy = Joules(10), .retention = Seconds(120)},
                    clock_);
    if (!runner_->Start()) std::abort();
  }

  void Use(uint32_t pid, Nanoseconds time) {
    const uint64_t cgroup = pid % 2 == 0 ? kHostCgroup : kFirstCgroup + pid % kCgroups;
    cpu_->next.tasks.push_back({KeyOf(pid), cgroup, 0, time});
    busy_ += time;
  }
  void Name(uint32_t pid) {
    cpu_->next.names.push_back(
        {KeyOf(pid), "worker-" + std::to_string(pid % 100), "/usr/local/bin/worker-" + std::to_string(pid % 100)});
  }
  // Ends an epoch; returns the CPU milliseconds that it cost.
  double RunEpoch() {
    clock_.Advance(Seconds(1));
    for (Microjoules& flow : meter_->flow) flow += Joules(60);
    cpu_->next.sockets = {{0, Seconds(64), Seconds(64) - busy_}};
    busy_ = {};
    Sweep();
    const double begin = CpuMilliseconds();
    latest_ = runner_->RunEpoch();  // lets go of the one before, as the monitor does
    return CpuMilliseconds() - begin;
  }
  // What it costs to have the epoch's state kept: here, and in the thread that writes it.
  struct Keeping {
    double state_ms, write_ms;
    size_t bytes;
  };
  Keeping Keep() {
    const double begin = CpuMilliseconds();
    monitor::EpochState state = runner_->State(latest_);
    const double taken = CpuMilliseconds();
    monitor::AddListed(*state.snapshot, state.books);
    checkpoint::Checkpoint checkpoint;
    checkpoint::WriteParts(state, checkpoint);
    std::string message;
    ProtobufWriter writer(message);
    checkpoint::WriteCheckpoint(checkpoint, writer);
    return {taken - begin, CpuMilliseconds() - taken, message.size()};
  }

 private:
  static ProcessKey KeyOf(uint32_t pid) { return {pid, 1'000'000ULL * pid}; }

  FakeClock clock_;
  std::vector<monitor::Grouping> groupings_{monitor::Groupings().begin(), monitor::Groupings().end()};
  monitor::FakeCpuTimeSource* cpu_ = nullptr;
  monitor::FakeEnergyMeter* meter_ = nullptr;
  monitor::FakeWorkloadResolver* resolver_ = nullptr;
  std::optional<monitor::EpochRunner> runner_;
  std::shared_ptr<const monitor::Snapshot> latest_;
  Nanoseconds busy_;
};

int Main(uint32_t listed, uint32_t active, int epochs, int more_levels) {
  std::mt19937 random(7);
  Sweep();
  const size_t before = HeapBytes();
  Node node(more_levels);
  for (uint32_t pid = 1; pid <= listed; ++pid) {
    node.Name(pid);
    node.Use(pid, Nanoseconds{1 + random() % 1'000'000});
  }
  node.RunEpoch();
  node.RunEpoch();
  const size_t bytes = HeapBytes() - before;

  std::vector<uint32_t> pids(listed);
  for (uint32_t i = 0; i < listed; ++i) pids[i] = i + 1;
  std::vector<double> times, state_times, write_times;
  size_t state_bytes = 0;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    for (uint32_t i = 0; i < active; ++i) {
      std::swap(pids[i], pids[i + random() % (listed - i)]);
      node.Use(pids[i], Nanoseconds{1 + random() % 1'000'000});
    }
    times.push_back(node.RunEpoch());
    const Node::Keeping keeping = node.Keep();
    state_times.push_back(keeping.state_ms);
    write_times.push_back(keeping.write_ms);
    state_bytes = keeping.bytes;
  }
  for (std::vector<double>* each : {&times, &state_times, &write_times}) std::sort(each->begin(), each->end());
  const size_t middle = times.size() / 2;
  std::printf(
      "{\"ms\": %.4f, \"worst_ms\": %.4f, \"bytes\": %.1f, \"state_ms\": %.4f, \"write_ms\": %.4f, "
      "\"state_bytes\": %zu}\n",
      times[middle], times.back(), static_cast<double>(bytes) / listed, state_times[middle], write_times[middle],
      state_bytes);
  return 0;
}

}  // namespace
}  // namespace brahe::bench

int main(int argc, char** argv) {
  if (argc == 5) {
    const int listed = std::atoi(argv[1]), active = std::atoi(argv[2]), epochs = std::atoi(argv[3]),
              levels = std::atoi(argv[4]);
    if (listed > 0 && active >= 0 && active <= listed && epochs > 0 && levels >= 0) {
      return brahe::bench::Main(static_cast<uint32_t>(listed), static_cast<uint32_t>(active), epochs, levels);
    }
  }
  std::fprintf(stderr, "books LISTED ACTIVE EPOCHS LEVELS\n");
  return 2;
}
