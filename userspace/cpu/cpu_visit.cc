#include "userspace/cpu/cpu_visit.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <memory>
#include <string>

#include "bpf/cpu_visit.skel.h"

namespace brahe::cpu {

Status VisitEveryCpu(const CpuVisitOptions& options) {
  const std::unique_ptr<cpu_visit_bpf, void (*)(cpu_visit_bpf*)> skeleton(cpu_visit_bpf::open(),
                                                                          cpu_visit_bpf::destroy);
  if (skeleton == nullptr) return SystemError("open BPF program visit");
  skeleton->rodata->cgroup_hierarchy = options.cgroup_hierarchy;
  if (bpf_map__reuse_fd(skeleton->maps.cpu_slots, options.cpu_slots_fd) != 0) {
    return SystemError("use BPF map cpu_slots");
  }
  if (cpu_visit_bpf::load(skeleton.get()) != 0) return SystemError("load BPF program visit");
  Status result;
  for (size_t cpu = 0; cpu < options.cpus; ++cpu) {
    bpf_test_run_opts run = {};
    run.sz = sizeof run;
    run.flags = BPF_F_TEST_RUN_ON_CPU;
    run.cpu = static_cast<__u32>(cpu);
    if (bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.visit), &run) == 0) continue;
    if (errno != ENXIO && result) result = SystemError("visit CPU " + std::to_string(cpu));  // ENXIO: it is offline
  }
  return result;
}

}  // namespace brahe::cpu
