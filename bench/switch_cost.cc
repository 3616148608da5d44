// Measures what a BPF program adds to a context switch: a ring of processes passes one byte around through pipes on one
// CPU, so that every hop is a switch. Prints one JSON object.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <glog/logging.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/switch_programs.skel.h"
#include "userspace/base/clock.h"
#include "userspace/cpu/bpf_program.h"

namespace brahe {
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

  // Mean ns of one hop over about `hops` of them.
  double Run(size_t hops) const {
    const size_t rounds = std::max<size_t>(1, hops / size_);
    const Nanoseconds begin = SystemClock().Now();
    for (size_t i = 0; i < rounds; ++i) {
      char byte = 1;
      if (write(out_, &byte, 1) != 1 || read(in_, &byte, 1) != 1) Die("ring broken");
    }
    return static_cast<double>((SystemClock().Now() - begin).value) / static_cast<double>(rounds * size_);
  }

 private:
  [[noreturn]] static void Pass(int in, int out) {
    char byte;
    while (read(in, &byte, 1) == 1 && write(out, &byte, 1) == 1) {
    }
    _exit(0);
  }

  std::vector<pid_t> children_;
  int in_ = -1, out_ = -1;
  size_t size_ = 0;
};

// A program under test: attached when made, and the id by which its run time is asked for.
struct Attached {
  std::shared_ptr<void> owner;
  __u32 id = 0;
};

Attached AttachNothing() { return {}; }

Attached AttachBenchProgram(const char* name) {
  switch_programs_bpf* skeleton = switch_programs_bpf::open_and_load();
  if (skeleton == nullptr) Die("load switch_programs: root is needed");
  bpf_program* program = bpf_object__find_program_by_name(skeleton->obj, name);
  bpf_link* link = bpf_program__attach(program);
  if (link == nullptr) Die("attach");
  bpf_prog_info info = {};
  __u32 size = sizeof info;
  bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size);
  return {std::shared_ptr<void>(skeleton,
                                [link](void* object) {
                                  bpf_link__destroy(link);
                                  switch_programs_bpf::destroy(static_cast<switch_programs_bpf*>(object));
                                }),
          info.id};
}

// The newest program of that name in the kernel.
__u32 FindProgram(const std::string& name) {
  __u32 id = 0, found = 0;
  while (bpf_prog_get_next_id(id, &id) == 0) {
    const int fd = bpf_prog_get_fd_by_id(id);
    bpf_prog_info info = {};
    __u32 size = sizeof info;
    if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && name == info.name) found = id;
    close(fd);
  }
  return found;
}

Attached AttachBrahe(const CgroupHierarchy& hierarchy) {
  BpfProgramOptions options;
  options.topology = *ReadCpuTopology("/sys");
  options.hierarchy = hierarchy;
  options.pin_path = "/nonexistent/brahe";
  options.claim = "bench";
  auto program = BpfProgram::Load(options);
  if (!program) Die(program.error().message);
  return {std::shared_ptr<void>(std::move(*program)), FindProgram("on_switch")};
}

struct RunTime {
  double ns = 0, runs = 0;
};

RunTime RunTimeOf(__u32 id) {
  const int fd = bpf_prog_get_fd_by_id(id);
  bpf_prog_info info = {};
  __u32 size = sizeof info;
  if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) != 0) return {};
  close(fd);
  return {static_cast<double>(info.run_time_ns), static_cast<double>(info.run_cnt)};
}

double Median(std::vector<double> numbers) {
  std::nth_element(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2), numbers.end());
  return numbers[numbers.size() / 2];
}

struct Figures {
  std::vector<double> hop_ns, program_ns;
};

// Each variant once a round, so that all see the same machine. End to end and inside the program are measured apart:
// the kernel's own stopwatch costs time too.
std::map<std::string, Figures> Measure(const Ring& ring, size_t rounds, size_t hops) {
  const CgroupHierarchy v1 = {.v2 = false, .mount_point = "", .controller = "cpuacct"};
  const std::vector<std::pair<std::string, std::function<Attached()>>> variants = {
      {"none", AttachNothing},
      {"empty", [] { return AttachBenchProgram("on_switch_empty"); }},
      {"plain", [] { return AttachBenchProgram("on_switch_plain"); }},
      {"brahe_v2", [] { return AttachBrahe(CgroupHierarchy{}); }},
      {"brahe_v1", [&] { return AttachBrahe(v1); }},
  };
  std::map<std::string, Figures> figures;
  for (size_t round = 0; round < rounds; ++round) {
    for (const auto& [name, attach] : variants) {
      const Attached attached = attach();
      ring.Run(hops / 4);
      figures[name].hop_ns.push_back(ring.Run(hops));
      if (attached.id == 0) continue;
      const int stopwatch = bpf_enable_stats(BPF_STATS_RUN_TIME);
      if (stopwatch < 0) Die("bpf_enable_stats");
      const RunTime before = RunTimeOf(attached.id);
      ring.Run(hops);
      const RunTime after = RunTimeOf(attached.id);
      close(stopwatch);
      figures[name].program_ns.push_back((after.ns - before.ns) / (after.runs - before.runs));
    }
  }
  return figures;
}

void Print(const char* name, const std::map<std::string, Figures>& figures, bool last) {
  const double base = Median(figures.at("none").hop_ns);
  std::printf("\"%s\":{\"hop_ns\":%.1f", name, base);
  for (const auto& [variant, of] : figures) {
    if (variant == "none") continue;
    // Paired by round, so that the machine's moods cancel out.
    std::vector<double> added;
    for (size_t i = 0; i < of.hop_ns.size(); ++i) added.push_back(of.hop_ns[i] - figures.at("none").hop_ns[i]);
    std::printf(",\"%s\":{\"program_ns\":%.1f,\"added_ns\":%.1f}", variant.c_str(), Median(of.program_ns),
                Median(added));
  }
  std::printf("}%s", last ? "" : ",");
}

int Main(size_t rounds, size_t hops) {
  std::printf("{");
  Print("hot", Measure(Ring(2), rounds, hops), false);
  Print("cold", Measure(Ring(1000), rounds / 4 + 1, hops), true);
  std::printf("}\n");
  return 0;
}

}  // namespace
}  // namespace brahe

// Arguments: rounds, and hops in each measurement.
int main(int argc, char** argv) {
  google::InitGoogleLogging(argv[0]);
  FLAGS_logtostderr = true;
  FLAGS_minloglevel = 1;
  return brahe::Main(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 41,
                     argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 12'000);
}
