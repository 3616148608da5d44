// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Stands in for another revision's program in baseline_program_test: notes in its CPU's slot what it was told.
 */
// libbpf's headers need the kernel's types before them.
// clang-format off
#include "bpf/kernel_types.bpf.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
// clang-format on

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u64 wide = 5;
const volatile __u32 cgroup_hierarchy = 0;
const volatile __u32 cpu_count = 1;
const volatile __u32 neighbour = 7;

struct told {
  __u64 wide;
  __u32 cgroup_hierarchy, cpu_count, neighbour, runs;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct told);
} cpu_slots SEC(".maps");

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct* prev, struct task_struct* next) {
  const __u32 cpu = bpf_get_smp_processor_id();
  struct told* told = bpf_map_lookup_elem(&cpu_slots, &cpu);

  if (!told) return 0;
  told->wide = wide;
  told->cgroup_hierarchy = cgroup_hierarchy;
  told->cpu_count = cpu_count;
  told->neighbour = neighbour;
  told->runs++;
  return 0;
}

/* No kernel has such an event: if this were loaded, nothing would be. */
SEC("tp_btf/brahe_no_such_event")
int BPF_PROG(on_nothing) { return 0; }
