// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * What the cost of a context switch is compared with: a program that does nothing, one that reads the clock, which is
 * the least that any account of time can do, and the simplest one that could count CPU time at all.
 */
// libbpf's headers need the kernel's types before them.
// clang-format off
#include "bpf/kernel_types.bpf.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
// clang-format on

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum { MAX_CPUS = 512 };

__u64 since[MAX_CPUS];

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 65536);
  __type(key, __u32);
  __type(value, __u64);
} plain_times SEC(".maps");

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch_empty, bool preempt, struct task_struct* prev, struct task_struct* next) { return 0; }

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch_clock, bool preempt, struct task_struct* prev, struct task_struct* next) {
  since[bpf_get_smp_processor_id() & (MAX_CPUS - 1)] = bpf_ktime_get_ns();
  return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch_plain, bool preempt, struct task_struct* prev, struct task_struct* next) {
  const __u32 cpu = bpf_get_smp_processor_id() & (MAX_CPUS - 1);
  const __u64 now = bpf_ktime_get_ns();
  const __u64 ns = now - since[cpu];
  const __u32 tgid = prev->tgid;
  __u64* time = bpf_map_lookup_elem(&plain_times, &tgid);

  if (time)
    __sync_fetch_and_add(time, ns);
  else
    bpf_map_update_elem(&plain_times, &tgid, &ns, BPF_NOEXIST);
  since[cpu] = now;
  return 0;
}
