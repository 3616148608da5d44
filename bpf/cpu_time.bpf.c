// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Counts every nanosecond of CPU time by process, cgroup and socket. Each CPU's time is cut into slices at every
 * context switch; a slice is added to one of two banks, which user space exchanges at an instant T that it publishes in
 * advance. After T the old bank stands still and can be read without a race, and no time is ever zeroed, copied or
 * stopped.
 */
#include "bpf/kernel_types.bpf.h"
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/cpu_time_records.h"
#include "bpf/cpu_time_slices.h"

#define EEXIST 17
#define PF_EXITING 0x4

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Settings, fixed when the program is loaded. */
const volatile __u32 cgroup_hierarchy = CGROUP_V2;
const volatile __u32 cpu_count = 1;	     /* possible CPUs */
const volatile __u64 wake_bytes = 256 << 10; /* user space is woken when this much waits in `events` */

/* Bank 1 receives until the first cut, which makes bank 0 the new one. */
volatile struct cut_control control = {.cut = 1};
__u64 dropped_events = 0;
volatile struct read_request reading = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536); /* replaced by the configured size */
	__type(key, struct task_key);
	__type(value, struct task_time);
} procs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct overflow_key);
	__type(value, struct overflow_time);
} cg_overflow SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* replaced by the number of possible CPUs */
	__type(key, __u32);
	__type(value, struct cpu_slot);
} cpu_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 << 20);
} events SEC(".maps");

/* A css_set's state of one controller. `index` is a constant by load time, so that the verifier lets the pointer be
 * followed. */
static __always_inline struct cgroup *v1_cgroup(struct css_set *set, __u64 index)
{
	struct cgroup_subsys_state **states = (void *)set + bpf_core_field_offset(struct css_set, subsys);

	return states[index]->cgroup;
}

static __always_inline __u64 cgroup_id_of(struct task_struct *task)
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

static __always_inline void fill_key(struct task_key *key, struct task_struct *task, __u32 socket)
{
	key->tgid = task->tgid;
	key->socket = socket;
	key->start_ns = task->group_leader->start_boottime;
	key->cgroup_id = cgroup_id_of(task);
}

/* The process' table is full: its cgroup at least stays exact, and what does not fit there either is counted. */
static __noinline int add_overflow(struct cpu_slot *slot, const struct task_key *key, __u32 bank, __u64 ns)
{
	if (!slot || !key)
		return 0;

	struct overflow_key cgroup = {.cgroup_id = key->cgroup_id, .socket = key->socket};
	struct overflow_time *time = bpf_map_lookup_elem(&cg_overflow, &cgroup);

	slot->overflows++;
	if (!time) {
		const struct overflow_time zero = {};

		bpf_map_update_elem(&cg_overflow, &cgroup, &zero, BPF_NOEXIST);
		time = bpf_map_lookup_elem(&cg_overflow, &cgroup);
	}
	if (time)
		__sync_fetch_and_add(&time->ns[bank & 1], ns);
	else
		slot->lost_ns[bank & 1] += ns;
	return 0;
}

/* `task` is the one that the key was made of, or null where it may be gone. */
static __always_inline void add_time(struct cpu_slot *slot, const struct task_key *key, struct task_struct *task,
				     __u32 bank, __u64 ns)
{
	struct task_time *time = bpf_map_lookup_elem(&procs, key);

	if (!time) {
		struct task_time fresh = {};
		long error;

		if (task)
			bpf_probe_read_kernel(fresh.comm, sizeof(fresh.comm), task->group_leader->comm);
		fresh.ns[bank & 1] = ns;
		error = bpf_map_update_elem(&procs, key, &fresh, BPF_NOEXIST);
		if (!error) {
			slot->inserts++;
			return;
		}
		if (error == -EEXIST) /* a thread of the same process on another CPU was faster */
			time = bpf_map_lookup_elem(&procs, key);
	}
	if (time)
		__sync_fetch_and_add(&time->ns[bank & 1], ns); /* threads of one process share the entry */
	else
		add_overflow(slot, key, bank, ns);
}

/* Books the slice from `since` to `now` of the slot's task. */
static __always_inline void close_slice(struct cpu_slot *slot, struct task_struct *task, __u64 since, __u64 now,
					__u64 cut, __u64 settled)
{
	const struct slice_share share = close_slot_slice(slot, since, now, cut, settled);

	if (share.ns)
		add_time(slot, &slot->key, task, share.bank, share.ns);
}

/* Makes `task` the slot's. */
static __always_inline void open_slice(struct cpu_slot *slot, struct task_struct *task, __u32 pid, __u64 now)
{
	slot->pid = pid;
	slot->since = now;
	if (pid)
		fill_key(&slot->key, task, slot->socket);
	else
		slot->key.tgid = 0;
}

/* How long `task` has run since it was picked, by the scheduler's own account. */
static __always_inline __u64 own_time(struct task_struct *task)
{
	/*
	 * A task that exits leaves its autogroup, which starts the account of this slice anew. All that it has ever run
	 * is the better bound then.
	 */
	if (task->flags & PF_EXITING)
		return task->se.sum_exec_runtime;
	return task->se.sum_exec_runtime - task->se.prev_sum_exec_runtime;
}

/*
 * The slot's task may have been moved to other cgroups while it ran: closes the parts before that. Whoever moves it may
 * come too late, when the slot has another task already: then the move is older than the slice.
 */
static __always_inline void split_at_moves(struct cpu_slot *slot, __u64 now, __u64 cut, __u64 settled)
{
	const __u64 begin = slot->since;
	const __u32 older = older_move(slot);

	for (__u32 turn = 0; turn < 2; turn++) {
		const struct cgroup_move move = slot->moves[(older + turn) & 1];

		if (move.ns <= begin || move.ns >= now)
			continue;

		const __u64 since = slot->since, split = split_instant(since, now, move.ns, cut);

		if (split > since) {
			close_slice(slot, 0, since, split, cut, settled);
			slot->since = split;
		}
		slot->key.cgroup_id = move.cgroup_id;
	}
}

/* The cgroup that the slot's task is in, as far as the slot tells. */
static __always_inline __u64 slot_cgroup_id(const struct cpu_slot *slot)
{
	const struct cgroup_move *last = &slot->moves[!older_move(slot)];

	return last->ns > slot->since ? last->cgroup_id : slot->key.cgroup_id;
}

/*
 * The slot does not name the task that has been running: the task was moved, the slot is empty, or events were missed
 * (tracepoints are silent on a CPU that is going down or coming up). Afterwards it names `prev`, since the best
 * estimate of when it began.
 */
static __noinline int repair_slot(struct cpu_slot *slot, struct task_struct *prev, __u64 now, __u64 cut, __u64 settled)
{
	const __u32 pid = prev->pid;
	__u64 since = slot->since;

	if (since && (slot->pid & PID_MASK) == pid) {
		split_at_moves(slot, now, cut, settled);
		slot->pid = pid;
		return 0;
	}
	if (!since) {
		since = first_since(now, cut);
	} else if (pid) {
		const __u64 takeover = takeover_instant(since, now, own_time(prev), cut);

		slot->repaired++;
		close_slice(slot, 0, since, takeover, cut, settled);
		since = takeover;
	} else {
		slot->repaired_to_idle++;
	}
	open_slice(slot, prev, pid, since);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	const __u32 cpu = bpf_get_smp_processor_id();
	struct cpu_slot *slot = bpf_map_lookup_elem(&cpu_slots, &cpu);
	__u64 now, cut, settled;

	if (!slot)
		return 0;
	slot->seq++;
	barrier();
	now = bpf_ktime_get_ns();
	cut = control.cut; /* after the clock, see share_slice */
	settled = control.settled;

	if (slot->pid != (__u32)prev->pid || !slot->since)
		repair_slot(slot, prev, now, cut, settled);
	close_slice(slot, prev, slot->since, now, cut, settled);
	open_slice(slot, next, next->pid, now);
	barrier();
	slot->seq++;
	return 0;
}

/*
 * A task or a whole process has been moved to another cgroup. What of it runs at this moment is noted in the slots of
 * its CPUs, which the next switch there sees because their pid has changed. The clock comes first: a slot that names
 * the task after that, and another one later, has begun the later slice after `now`.
 */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_move, struct cgroup *target, const char *path, struct task_struct *task, bool whole_process)
{
	const __u64 now = bpf_ktime_get_ns();
	const __u64 cgroup_id = cgroup_id_of(task);
	const __u32 tgid = task->tgid, pid = task->pid;

	barrier();
	for (__u32 cpu = 0; cpu < cpu_count; cpu++) {
		const __u32 index = cpu;
		struct cpu_slot *slot = bpf_map_lookup_elem(&cpu_slots, &index);

		if (!slot)
			break;
		if (slot->key.tgid != tgid || slot_cgroup_id(slot) == cgroup_id)
			continue;
		if (!whole_process && (slot->pid & PID_MASK) != pid)
			continue;

		struct cgroup_move *move = &slot->moves[older_move(slot)];

		move->ns = 0;
		barrier();
		move->cgroup_id = cgroup_id;
		barrier();
		move->ns = now;
		barrier();
		__sync_fetch_and_add(&slot->pid, MOVED_ONCE);
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
	bpf_probe_read_kernel(event->comm, sizeof(event->comm), leader->comm);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *binary)
{
	struct process_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	long length;

	if (!event) {
		__sync_fetch_and_add(&dropped_events, 1);
		return 0;
	}
	fill_event(event, task, PROCESS_EXEC); /* after exec the caller is the leader, with the leader's start time */
	length = bpf_probe_read_kernel_str(event->path, sizeof(event->path), binary->filename);
	if (length < 0 || length == sizeof(event->path))
		event->path[0] = 0; /* a part of a path would mislead */
	bpf_ringbuf_submit(event, wake_flag());
	return 0;
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

/*
 * Called for each entry of `procs` when user space reads the bank that stands still: tells those that have gained time.
 * Most processes of a node sleep, and cost user space nothing so.
 */
SEC("iter/bpf_map_elem")
int read_bank(struct bpf_iter__bpf_map_elem *ctx)
{
	const __u32 bank = reading.bank & 1;
	const struct task_key *key = ctx->key;
	volatile struct task_time *time =
	    ctx->value; /* volatile: the verifier allows no offset that the compiler chose */
	struct task_reading found = {};

	if (!key || !time) /* the end */
		return 0;

	const __u64 all_ns[] = {time->ns[0], time->ns[1]}, all_read_ns[] = {time->read_ns[0], time->read_ns[1]};
	const __u64 ns = bank ? all_ns[1] : all_ns[0];
	const __u64 read_ns = bank ? all_read_ns[1] : all_read_ns[0];

	if (ns != read_ns) {
		found.key = *key;
		found.gained_ns = ns - read_ns;
		__builtin_memcpy(found.comm, (const char *)time->comm, sizeof(found.comm));
		if (bpf_seq_write(ctx->meta->seq, &found, sizeof(found)))
			return 0; /* no room: the kernel calls again for this entry in the next read */
		time->read_ns[0] = bank ? all_read_ns[0] : ns;
		time->read_ns[1] = bank ? ns : all_read_ns[1];
	}
	reading.entries++;
	return 0;
}
