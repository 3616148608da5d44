// Measures what a BPF program adds to a context switch: a ring of processes passes one byte around through pipes on one
// CPU, so that every hop is a switch. `switch_cost ROUNDS HOPS [BASELINE_OBJECT]` prints one JSON object: for each heat
// ("hot": two processes, "cold": a thousand) and variant, the mean ns of CPU time of a hop, and of the program, in
// every round.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <glog/logging.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "bench/baseline_program.h"
#include "bench/switch_programs.skel.h"
#include "userspace/cpu/bpf_program.h"

namespace brahe::bench {
namespace {

[[noreturn]] void Die(const std::string& what) {
  std::cerr << "switch_cost: " << what << "\n";
  std::exit(1);
}

// `size` processes in a ring on CPU 1 (or the last one). The parent is one of them.
class Ring {
 public:
  explicit Ring(size_t size) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &one);
    sched_setaffinity(0, sizeof one, &one);
    std::vector<int> reading(size), writing(size);
    for (size_t i = 0; i < size; ++i) {
      int ends[2];
      if (pipe(ends) != 0) Die("pipe: raise ulimit -n");
      reading[i] = ends[0];
      writing[i] = ends[1];
    }
    for (size_t i = 1; i < size; ++i) {
      const pid_t child = fork();
      if (child < 0) Die("fork");
      if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        Pass(reading[i], writing[(i + 1) % size]);
      }
      children_.push_back(child);
      if (clock_getcpuclockid(child, &clocks_.emplace_back()) != 0) Die("CPU time of a process");
    }
    in_ = reading[0];
    out_ = writing[1 % size];
    size_ = size;
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() {
    for (const pid_t child : children_) kill(child, SIGKILL);
    for (const pid_t child : children_) waitpid(child, nullptr, 0);
  }

  // Mean ns of CPU time of one hop over about `hops` of them. Nothing waits in the ring, so that on a quiet machine
  // this is the wall time; on a busy one the others' turns on the CPU are not in it.
  double Run(size_t hops) const {
    const size_t rounds = std::max<size_t>(1, hops / size_);
    const uint64_t children_before = UsedByChildren(), own_before = UsedBy(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < rounds; ++i) {
      char byte = 1;
      if (write(out_, &byte, 1) != 1 || read(in_, &byte, 1) != 1) Die("ring broken");
    }
    const uint64_t own = UsedBy(CLOCK_PROCESS_CPUTIME_ID) - own_before;
    return static_cast<double>(own + UsedByChildren() - children_before) / static_cast<double>(rounds * size_);
  }

 private:
  [[noreturn]] static void Pass(int in, int out) {
    char byte;
    while (read(in, &byte, 1) == 1 && write(out, &byte, 1) == 1) {
    }
    _exit(0);
  }

  static uint64_t UsedBy(clockid_t clock) {
    timespec time;
    if (clock_gettime(clock, &time) != 0) Die("CPU time of a process");
    return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
  }
  uint64_t UsedByChildren() const {
    uint64_t sum = 0;
    for (const clockid_t clock : clocks_) sum += UsedBy(clock);
    return sum;
  }

  std::vector<pid_t> children_;
  std::vector<clockid_t> clocks_;  // of the children's CPU time
  int in_ = -1, out_ = -1;
  size_t size_ = 0;
};

struct RunTime {
  double ns = 0, runs = 0;
};

// A program under test: attached as long as this lives.
struct Attached {
  std::shared_ptr<void> owner;
  std::function<RunTime()> run_time;  // of the program, by the kernel's stopwatch; none where there is no program
};

RunTime RunTimeOf(int program_fd) {
  bpf_prog_info info = {};
  __u32 size = sizeof info;
  if (bpf_obj_get_info_by_fd(program_fd, &info, &size) != 0) Die("information on a BPF program");
  return {static_cast<double>(info.run_time_ns), static_cast<double>(info.run_cnt)};
}

Attached AttachNothing() { return {}; }

Attached AttachBenchProgram(const char* name) {
  switch_programs_bpf* skeleton = switch_programs_bpf::open_and_load();
  if (skeleton == nullptr) Die("load switch_programs: root is needed");
  bpf_program* program = bpf_object__find_program_by_name(skeleton->obj, name);
  bpf_link* link = bpf_program__attach(program);
  if (link == nullptr) Die("attach");
  return {std::shared_ptr<void>(skeleton,
                                [link](void* object) {
                                  bpf_link__destroy(link);
                                  switch_programs_bpf::destroy(static_cast<switch_programs_bpf*>(object));
                                }),
          [fd = bpf_program__fd(program)] { return RunTimeOf(fd); }};
}

Attached AttachBrahe(const cpu::CgroupHierarchy& hierarchy) {
  cpu::BpfProgramOptions options;
  options.topology = *cpu::ReadCpuTopology("/sys");
  options.hierarchy = hierarchy;
  options.pin_path = "/nonexistent/brahe";
  options.claim = "bench";
  auto loaded = cpu::BpfProgram::Load(options);
  if (!loaded) Die(loaded.error().message);
  const std::shared_ptr<cpu::BpfProgram> program = *std::move(loaded);
  return {program, [program] {
            for (const cpu::KernelProgramStats& stats : program->ProgramStats()) {
              if (stats.name != "on_switch") continue;
              return RunTime{static_cast<double>(stats.run_time.value), static_cast<double>(stats.runs)};
            }
            Die("the kernel tells nothing of on_switch");
          }};
}

Attached AttachBaseline(const std::string& object, cgroup_hierarchy hierarchy) {
  auto loaded = BaselineProgram::Load(object, hierarchy, cpu::ReadCpuTopology("/sys")->socket_of_cpu.size());
  if (!loaded) Die(loaded.error().message);
  const std::shared_ptr<BaselineProgram> program = *std::move(loaded);
  return {program, [program] { return RunTimeOf(program->fd()); }};
}

using Variants = std::vector<std::pair<std::string, std::function<Attached()>>>;

// What is compared stands side by side. `baseline` is another revision's BPF object, or empty.
Variants AllVariants(const std::string& baseline) {
  const cpu::CgroupHierarchy v1 = {.v2 = false, .mount_point = "", .controller = "cpuacct"};
  Variants variants = {{"none", AttachNothing},
                       {"empty", [] { return AttachBenchProgram("on_switch_empty"); }},
                       {"clock", [] { return AttachBenchProgram("on_switch_clock"); }},
                       {"plain", [] { return AttachBenchProgram("on_switch_plain"); }},
                       {"brahe_v2", [] { return AttachBrahe(cpu::CgroupHierarchy{}); }}};
  if (!baseline.empty()) {
    variants.emplace_back("baseline_v2", [=] { return AttachBaseline(baseline, CGROUP_V2); });
    variants.emplace_back("baseline_v1", [=] { return AttachBaseline(baseline, CGROUP_V1_CPUACCT); });
  }
  variants.emplace_back("brahe_v1", [=] { return AttachBrahe(v1); });
  return variants;
}

struct Figures {
  std::vector<double> hop_ns, program_ns;  // of each round
};

// End to end and inside the program are measured apart: the kernel's own stopwatch costs time too.
void MeasureOnce(const Ring& ring, size_t hops, const Attached& attached, Figures& figures) {
  ring.Run(hops / 4);
  figures.hop_ns.push_back(ring.Run(hops));
  if (!attached.run_time) return;
  const int stopwatch = bpf_enable_stats(BPF_STATS_RUN_TIME);
  if (stopwatch < 0) Die("bpf_enable_stats");
  const RunTime before = attached.run_time();
  ring.Run(hops);
  const RunTime after = attached.run_time();
  close(stopwatch);
  if (after.runs - before.runs < static_cast<double>(hops) / 2) Die("a program did not run at every switch");
  figures.program_ns.push_back((after.ns - before.ns) / (after.runs - before.runs));
}

// Each variant once a round, so that all see the same machine; to and fro, so that none is always the later one.
std::map<std::string, Figures> Measure(const Ring& ring, Variants variants, size_t rounds, size_t hops) {
  std::map<std::string, Figures> figures;
  for (size_t round = 0; round < rounds; ++round) {
    for (const auto& [name, attach] : variants) MeasureOnce(ring, hops, attach(), figures[name]);
    std::reverse(variants.begin(), variants.end());
  }
  return figures;
}

int Main(size_t rounds, size_t hops, const std::string& baseline) {
  const Variants variants = AllVariants(baseline);
  nlohmann::json result;
  for (const auto& [heat, processes, turns] : {std::tuple{"hot", 2, rounds}, {"cold", 1000, rounds / 4 + 1}}) {
    for (const auto& [name, figures] : Measure(Ring(static_cast<size_t>(processes)), variants, turns, hops)) {
      result[heat][name] = {{"hop_ns", figures.hop_ns}, {"program_ns", figures.program_ns}};
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
  if (argc == 3 || argc == 4) {
    return brahe::bench::Main(std::strtoul(argv[1], nullptr, 10), std::strtoul(argv[2], nullptr, 10),
                              argc == 4 ? argv[3] : "");
  }
  std::cerr << "switch_cost ROUNDS HOPS [BASELINE_OBJECT]\n";
  return 2;
}
