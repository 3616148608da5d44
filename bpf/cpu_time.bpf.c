// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Counts every nanosecond of CPU time by process, cgroup and socket. Each CPU's time is cut into slices at every
 * context switch; a slice is added to one of two banks, which user space exchanges at an instant T that it publishes in
 * advance. After T the old bank stands still and can be read without a race, and no time is ever zeroed, copied or
 * stopped. The records lie in memory that user space maps: it reads those that ran, and no others.
 *
 * This file is the kernel's side of it; what happens at a switch is in cpu_time_handler.h.
 */
#include "bpf/kernel_types.bpf.h"
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/cpu_time_records.h"

#define PF_EXITING 0x4

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Settings, fixed when the program is loaded. */
const volatile __u32 cgroup_hierarchy = CGROUP_V2;
const volatile __u32 hint_mask = 0;	    /* entries of `hints`, less 1 */
const volatile __u64 wake_bytes = 64 << 10; /* user space is woken when this much waits in `events` */

/* Bank 1 receives until the first cut, which makes bank 0 the new one. */
volatile struct cut_control control = {.cut = 1};
__u64 dropped_events = 0;
__u32 missing = 0; /* enum missing_feature, known after the first switch */

/* The sizes are set when the object is loaded. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* possible CPUs */
	__type(key, __u32);
	__type(value, struct cpu_slot);
} cpu_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct task_record);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* one for each MARKS_EACH records */
	__type(key, __u32);
	__type(value, struct record_marks);
} marks SEC(".maps");

/* The comm of a record's process when the record was made; empty if that is not known. Looked up once. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, char[COMM_LENGTH]);
} comms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MOVES_KEPT);
	__type(key, __u32);
	__type(value, struct cgroup_move);
} moves SEC(".maps");

/* By thread: the number of a record, a guess that the record's key proves. Saves looking into `procs`. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* a power of 2 */
	__type(key, __u32);
	__type(value, __u32);
} hints SEC(".maps");

/* Who has which record. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct task_key);
	__type(value, __u32);
} procs SEC(".maps");

/* Numbers of records that nobody owns. Last in, first out: the fewest pages are touched. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 1);
	__uint(value_size, sizeof(__u32));
} free_records SEC(".maps");

/* The same for time of processes that find no record. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 1);
	__uint(value_size, sizeof(__u32));
} free_overflow SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 512 << 10);
} events SEC(".maps");

/* A css_set's state of one controller. `index` is a constant by load time, so that the verifier lets the pointer be
 * followed. */
static __always_inline struct cgroup *v1_cgroup(struct css_set *set, __u64 index)
{
	struct cgroup_subsys_state **states = (void *)set + bpf_core_field_offset(struct css_set, subsys);

	return states[index]->cgroup;
}

/* The surroundings of cpu_time_handler.h. */

static __always_inline __u64 clock_ns(void)
{
	return bpf_ktime_get_ns();
}

static __always_inline struct cpu_slot *this_slot(void)
{
	const __u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&cpu_slots, &cpu);
}

static __always_inline struct task_record *record_at(__u32 index)
{
	return bpf_map_lookup_elem(&records, &index);
}

static __always_inline struct record_marks *marks_of(__u32 index)
{
	const __u32 line = index / MARKS_EACH;

	return bpf_map_lookup_elem(&marks, &line);
}

static __always_inline __u32 *hint_at(__u32 number)
{
	const __u32 at = number & hint_mask;

	return bpf_map_lookup_elem(&hints, &at);
}

static __always_inline struct cgroup_move *move_at(__u32 number)
{
	const __u32 at = number % MOVES_KEPT;

	return bpf_map_lookup_elem(&moves, &at);
}

static __always_inline __u32 find_record(const struct task_key *key)
{
	const __u32 *index = bpf_map_lookup_elem(&procs, key);

	return index ? *index : 0;
}

static __always_inline __u32 take_record(bool overflow)
{
	__u32 index = 0;
	long error = overflow ? bpf_map_pop_elem(&free_overflow, &index) : bpf_map_pop_elem(&free_records, &index);

	return error ? 0 : index;
}

static __always_inline long enter_record(const struct task_key *key, __u32 index)
{
	return bpf_map_update_elem(&procs, key, &index, BPF_NOEXIST);
}

/* Copies without a helper, which lockdown would refuse. */
static __always_inline void copy_comm(char *to, struct task_struct *task)
{
	((__u64 *)to)[0] = *(volatile __u64 *)&task->comm[0];
	((__u64 *)to)[1] = *(volatile __u64 *)&task->comm[8];
}

static __always_inline void note_comm(__u32 index, struct task_struct *task)
{
	char *comm = bpf_map_lookup_elem(&comms, &index);

	if (!comm)
		return;
	comm[0] = 0;
	if (task)
		copy_comm(comm, task->group_leader);
}

static __always_inline __u32 task_pid(struct task_struct *task)
{
	return task->pid;
}

static __always_inline __u32 task_tgid(struct task_struct *task)
{
	return task->tgid;
}

static __always_inline __u64 task_start_ns(struct task_struct *task)
{
	return task->group_leader->start_boottime;
}

static __always_inline __u32 task_uid(struct task_struct *task)
{
	const struct cred *cred = task->group_leader->real_cred;

	return cred ? cred->uid.val : NO_UID;
}

static __always_inline __u64 task_cgroup_id(struct task_struct *task)
{
	struct css_set *set = task->cgroups;

	switch (cgroup_hierarchy) {
	case CGROUP_V1_CPUACCT:
		return v1_cgroup(set, bpf_core_enum_value(enum cgroup_subsys_id, cpuacct_cgrp_id))->kn->id;
	case CGROUP_V1_CPU:
		return v1_cgroup(set, bpf_core_enum_value(enum cgroup_subsys_id, cpu_cgrp_id))->kn->id;
	default:
		return set->dfl_cgrp->kn->id;
	}
}

/* How long `task` has run since it was picked, by the scheduler's own account. Where that is missing: all it ever ran.
 */
static __always_inline __u64 task_own_ns(struct task_struct *task)
{
	if (!bpf_core_field_exists(task->se.prev_sum_exec_runtime))
		return task->se.sum_exec_runtime;
	/*
	 * A task that exits leaves its autogroup, which starts the account of this slice anew. All that it has ever run
	 * is the better bound then.
	 */
	if (task->flags & PF_EXITING)
		return task->se.sum_exec_runtime;
	return task->se.sum_exec_runtime - task->se.prev_sum_exec_runtime;
}

#include "bpf/cpu_time_handler.h"

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct cpu_slot *slot = this_slot();

	if (!slot)
		return 0;
	if (!bpf_core_field_exists(prev->se.prev_sum_exec_runtime)) /* decided when this is loaded */
		missing = MISSING_OWN_TIME;
	handle_switch(slot, prev, next);
	return 0;
}

/* Whether cgroup ids are taken from this one's hierarchy. */
static __always_inline bool is_accounted(struct cgroup_root *root)
{
	switch (cgroup_hierarchy) {
	case CGROUP_V1_CPUACCT:
		return root->hierarchy_id &&
		       root->subsys_mask & 1U << bpf_core_enum_value(enum cgroup_subsys_id, cpuacct_cgrp_id);
	case CGROUP_V1_CPU:
		return root->hierarchy_id &&
		       root->subsys_mask & 1U << bpf_core_enum_value(enum cgroup_subsys_id, cpu_cgrp_id);
	default:
		return !root->hierarchy_id;
	}
}

/* A task, or a whole process, has been moved to another cgroup, maybe while it runs. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_move, struct cgroup *target, const char *path, struct task_struct *task, bool whole_process)
{
	if (!is_accounted(target->root))
		return 0;
	handle_move(task, whole_process);
	if (control.moves % (MOVES_KEPT / 4) == 0) { /* before the ring is full again, user space should look */
		struct process_event *event =
		    bpf_ringbuf_reserve(&events, __builtin_offsetof(struct process_event, comm), 0);

		if (event) {
			event->kind = MANY_MOVES;
			bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
		}
	}
	return 0;
}

static __always_inline __u64 wake_flag(void)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= wake_bytes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

static __always_inline void fill_event(struct process_event *event, struct task_struct *leader, __u32 kind)
{
	event->time_ns = bpf_ktime_get_ns();
	event->start_ns = leader->start_boottime;
	event->tgid = leader->tgid;
	event->kind = kind;
	event->uid = task_uid(leader);
	copy_comm(event->comm, leader);
}

/* After exec the caller is the leader, with the leader's start time. */
static __always_inline int tell_exec(struct task_struct *task, struct linux_binprm *binary)
{
	struct process_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		__sync_fetch_and_add(&dropped_events, 1);
		return 0;
	}
	fill_event(event, task, PROCESS_EXEC);
	event->path[0] = 0;
	if (binary) {
		const long length = bpf_probe_read_kernel_str(event->path, sizeof(event->path), binary->filename);

		if (length < 0 || length == sizeof(event->path))
			event->path[0] = 0; /* a part of a path would mislead */
	}
	bpf_ringbuf_submit(event, wake_flag());
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *binary)
{
	return tell_exec(task, binary);
}

/* In place of it where the kernel refuses bpf_probe_read_kernel_str, as in lockdown. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec_bare, struct task_struct *task, int old_pid, struct linux_binprm *binary)
{
	return tell_exec(task, 0);
}

/* The last word on a process: exit comes earlier, and tasks run on after it. */
SEC("tp_btf/sched_process_free")
int BPF_PROG(on_free, struct task_struct *task)
{
	struct process_event *event;

	if (task->pid != task->tgid)
		return 0;
	event = bpf_ringbuf_reserve(&events, __builtin_offsetof(struct process_event, path), 0);
	if (!event) {
		__sync_fetch_and_add(&dropped_events, 1);
		return 0;
	}
	fill_event(event, task, PROCESS_FREE);
	bpf_ringbuf_submit(event, wake_flag());
	return 0;
}

/* A container may be gone before user space looks for it: its path is told at its birth. */
SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_made, struct cgroup *cgroup, const char *path)
{
	struct cgroup_event *event;

	if (!is_accounted(cgroup->root))
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&dropped_events, 1);
		return 0;
	}
	event->time_ns = bpf_ktime_get_ns();
	event->cgroup_id = cgroup->kn->id;
	event->kind = CGROUP_MADE;
	if (bpf_probe_read_kernel_str(event->path, sizeof(event->path), path) < 0)
		event->path[0] = 0;
	bpf_ringbuf_submit(event, wake_flag());
	return 0;
}

/* Nobody runs in it any more: its records can be used again. */
SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_cgroup_gone, struct cgroup *cgroup, const char *path)
{
	struct cgroup_event *event;

	if (!is_accounted(cgroup->root))
		return 0;
	event = bpf_ringbuf_reserve(&events, __builtin_offsetof(struct cgroup_event, path), 0);
	if (!event) {
		__sync_fetch_and_add(&dropped_events, 1);
		return 0;
	}
	event->time_ns = bpf_ktime_get_ns();
	event->cgroup_id = cgroup->kn->id;
	event->kind = CGROUP_GONE;
	bpf_ringbuf_submit(event, wake_flag());
	return 0;
}
