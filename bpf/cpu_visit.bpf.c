// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Fills in the slot of a CPU that has not switched since cpu_time.bpf.c was attached: a CPU may be idle, or run one
 * task, for very long. User space has the kernel run this on each CPU once, in an interrupt, which waits for no task.
 */
#include "bpf/kernel_types.bpf.h"
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "bpf/cpu_time_records.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* As in cpu_time.bpf.c. */
const volatile __u32 cgroup_hierarchy = CGROUP_V2;

/* User space puts the map of cpu_time.bpf.c here. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_slot);
} cpu_slots SEC(".maps");

static __always_inline __u64 v1_cgroup_id(struct css_set *set, __u64 index)
{
	struct cgroup_subsys_state **states = (void *)set + bpf_core_field_offset(struct css_set, subsys);
	struct cgroup_subsys_state *state = 0;

	bpf_probe_read_kernel(&state, sizeof(state), &states[index]);
	return BPF_CORE_READ(state, cgroup, kn, id);
}

static __always_inline __u64 cgroup_id_of(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);

	switch (cgroup_hierarchy) {
	case CGROUP_V1_CPUACCT:
		return v1_cgroup_id(set, bpf_core_enum_value(enum cgroup_subsys_id, cpuacct_cgrp_id));
	case CGROUP_V1_CPU:
		return v1_cgroup_id(set, bpf_core_enum_value(enum cgroup_subsys_id, cpu_cgrp_id));
	default:
		return BPF_CORE_READ(set, dfl_cgrp, kn, id);
	}
}

/* No switch can come between: the CPU is in an interrupt, or user space's own one, which may not be preempted here. */
SEC("raw_tp")
int visit(void *ctx)
{
	const __u32 cpu = bpf_get_smp_processor_id();
	struct cpu_slot *slot = bpf_map_lookup_elem(&cpu_slots, &cpu);
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!slot || slot->since)
		return 0;
	slot->seq++;
	barrier();
	slot->pid = BPF_CORE_READ(task, pid);
	slot->key.tgid = BPF_CORE_READ(task, tgid); /* 0 if the CPU is idle */
	slot->key.start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	slot->key.cgroup_id = cgroup_id_of(task);
	slot->since = bpf_ktime_get_ns();
	barrier();
	slot->seq++;
	return 0;
}
