/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * What happens at a context switch. The BPF program and the C++ test that steps through it in every order compile the
 * same lines; each gives them its own surroundings, by defining before this file is included:
 *
 *   control                       the cut_control
 *   clock_ns()                    the clock
 *   this_slot()                   the slot of the CPU that runs this; null: it has none
 *   record_at(i), marks_of(i)     elements of the arrays, the second by the number of a record; null: out of range
 *   hint_at(i), move_at(number)   the same; a hint is the number of the record that a thread was last booked to
 *   find_record(key)              the number of the key's record; 0: it has none
 *   take_record(overflow)         a free record's number, of those for overflows or of the others; 0: none is left
 *   enter_record(key, i)          makes find_record(key) give i; an errno below 0 if it gives another already
 *   note_comm(i, task)            keeps the task's name for user space; task may be null
 *   task_pid, task_tgid, task_uid, task_start_ns, task_cgroup_id, task_own_ns (task)
 *   STEP()                        nothing; in the test, a point at which others may run
 */
#ifndef BRAHE_BPF_CPU_TIME_HANDLER_H
#define BRAHE_BPF_CPU_TIME_HANDLER_H

#include "bpf/cpu_time_records.h"
#include "bpf/cpu_time_slices.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif

#ifndef STEP
#define STEP()
#endif

/* Functions of numbers only are verified once and not at each call. */
#if defined(__bpf__)
#define RARE __noinline
#else
#define RARE static
#endif

/* Moves that one switch looks through at most. */
enum { MOVES_WALKED = 64 };

/* A key's tgid and socket as one word, so that they cannot be torn apart. */
typedef __u64 __attribute__((may_alias)) key_word;

#define READ_SHARED(x) (*(volatile __typeof__(x) *)&(x))

/* Adds 1 and lets no access of memory pass. */
static __always_inline void ordered_increment(__u64 *number)
{
#if defined(__bpf__) && defined(__TARGET_ARCH_x86)
	/* Stores stay in order. A load may pass the store, but by less than the cut's margin. */
	asm volatile("" ::: "memory");
	*(volatile __u64 *)number += 1;
	asm volatile("" ::: "memory");
#elif defined(__bpf__)
	/* Only an atomic operation whose result is used is a barrier; from Linux 5.18 on arm64. */
	__u64 before = __sync_fetch_and_add(number, 1);

	asm volatile("" : : "r"(before) : "memory");
#else
	__atomic_fetch_add(number, 1, __ATOMIC_SEQ_CST);
#endif
}

/* On x86 stores stay in order, and so do loads. */
static __always_inline void full_barrier(void)
{
	__u64 word = 0;

	ordered_increment(&word);
}

static __always_inline int same_key(const struct task_key *a, const struct task_key *b)
{
	return *(volatile const key_word *)&a->tgid == *(volatile const key_word *)&b->tgid &&
	       a->start_ns == b->start_ns && a->cgroup_id == b->cgroup_id;
}

static __always_inline void mark(__u32 index, __u32 bank)
{
	struct record_marks *marks = marks_of(index);

	if (marks)
		marks->of[bank & 1][index % MARKS_EACH] = 1;
}

/* `task` is the record's, or null where it may be gone. */
static __always_inline void add_to_record(struct task_record *record, struct task_struct *task, __u32 index, __u32 bank,
					  __u64 ns)
{
	bank &= 1;
	/* Two CPUs may both find it clean and both mark it, which is the same as once. */
	if (READ_SHARED(record->ns[bank]) == READ_SHARED(record->read_ns[bank])) {
		STEP();
		/* Once an epoch is enough to see that a process has become another user's. */
		if (task)
			*(volatile __u32 *)&record->uid = task_uid(task);
		mark(index, bank);
	}
	STEP();
	__sync_fetch_and_add(&record->ns[bank], ns); /* threads of one process share the record */
}

/* Gives `key` a record, marked so that user space learns of it. 0: there is none. */
static __noinline __u32 make_record(struct cpu_slot *slot, const struct task_key *key, struct task_struct *task,
				    __u32 bank)
{
	__u32 index;
	struct task_record *record;

	if (!slot || !key)
		return 0;
	index = take_record(key->tgid == OVERFLOW_TGID);
	record = record_at(index);
	if (!index || !record)
		return 0;
	note_comm(index, task);
	record->uid = NO_UID; /* until the slice is added */
	record->key.cgroup_id = key->cgroup_id;
	record->key.start_ns = key->start_ns;
	STEP();
	/* Last, and with the socket: the key of a record that is free never looks like another's. */
	*(volatile key_word *)&record->key.tgid = *(const key_word *)&key->tgid;
	mark(index, bank);
	slot->births++;
	STEP();
	/*
	 * If another thread was faster, this record stays behind without a way to it. An old hint may have led a third
	 * thread to it, so that it cannot be given back here: user space adds up all records of a key. After any other
	 * error the record serves for this slice.
	 */
	if (enter_record(key, index)) {
		const __u32 winner = find_record(key);

		if (winner)
			index = winner;
	}
	return index;
}

/* No record is free: the cgroup at least stays exact, and what does not fit there either is counted. */
RARE int add_overflow(__u32 bank, __u64 ns)
{
	struct cpu_slot *slot = this_slot();

	if (!slot)
		return 0;
	struct task_key key = {
	    .tgid = OVERFLOW_TGID, .socket = slot->key.socket, .start_ns = 0, .cgroup_id = slot->key.cgroup_id};
	__u32 index = find_record(&key);
	struct task_record *record;

	slot->overflows++;
	if (!index)
		index = make_record(slot, &key, 0, bank);
	record = index ? record_at(index) : 0;
	if (record)
		add_to_record(record, 0, index, bank, ns);
	else
		slot->lost_ns[bank & 1] += ns;
	return 0;
}

static __always_inline void add_time(struct cpu_slot *slot, struct task_struct *task, __u32 bank, __u64 ns)
{
	__u32 *hint = hint_at(slot->pid + slot->key.socket * 40503);
	__u32 index;
	struct task_record *record;

	if (!hint)
		return;
	index = READ_SHARED(*hint);
	record = record_at(index);
	STEP();
	if (!record || !same_key(&record->key, &slot->key)) {
		index = find_record(&slot->key);
		if (!index)
			index = make_record(slot, &slot->key, task, bank);
		record = index ? record_at(index) : 0;
		if (!record) {
			add_overflow(bank, ns);
			return;
		}
		*hint = index;
	}
	add_to_record(record, task, index, bank, ns);
}

/*
 * Books the slice from slot->since to `now` of the slot's task, but for the part before the cut if it crossed it: that
 * is noted. `task` is the slot's, or null where it may be gone.
 */
static __always_inline void close_slice(struct cpu_slot *slot, struct task_struct *task, __u64 now, __u64 cut,
					__u64 settled)
{
	const struct slice_share share = share_slice(slot->since, now, cut, settled);

	if (share.crossed) {
		slot->carry_since = slot->since;
		slot->carry_key = slot->key;
		slot->carry_pid = slot->pid;
		slot->carry_moves = slot->moves;
		slot->carry_cut = cut_instant(cut);
	}
	STEP();
	if (!share.ns)
		return;
	if (slot->key.tgid)
		add_time(slot, task, share.bank, share.ns);
	else
		slot->idle_ns[share.bank & 1] += share.ns;
}

/* The same in the rare cases; the slice goes on at `now`. */
RARE int close_part(__u64 now, __u64 cut, __u64 settled)
{
	struct cpu_slot *slot = this_slot();

	if (slot) {
		close_slice(slot, 0, now, cut, settled);
		slot->since = now;
	}
	return 0;
}

/* Makes `task` the slot's. */
static __always_inline void open_slice(struct cpu_slot *slot, struct task_struct *task, __u64 now)
{
	slot->pid = task_pid(task);
	slot->since = now;
	slot->key.tgid = 0;
	if (!slot->pid)
		return;
	slot->key.tgid = task_tgid(task);
	slot->key.start_ns = task_start_ns(task);
	slot->key.cgroup_id = task_cgroup_id(task);
}

/* If that move concerns the slot's task, which runs since `begin`: closes the part before it. */
RARE int split_at_move(__u32 number, __u64 begin, __u64 now, __u64 cut, __u64 settled)
{
	struct cpu_slot *slot = this_slot();
	const struct cgroup_move *move = move_at(number);

	STEP();
	if (!slot || !move || (__u32)READ_SHARED(move->number) != number ||
	    !move_concerns(move, &slot->key, slot->pid, begin, now) || move->cgroup_id == slot->key.cgroup_id)
		return 0;

	const __u64 split = split_instant(slot->since, now, move->ns, cut);

	if (split > slot->since) /* not where a split behind the cut has passed it */
		close_part(split, cut, settled);
	slot->key.cgroup_id = move->cgroup_id;
	return 0;
}

/*
 * Somebody was moved to another cgroup since the slice began, maybe the slot's task, whose cgroup is `cgroup_id` now:
 * closes the parts before that.
 */
RARE int split_at_moves(__u64 now, __u64 cut, __u64 settled, __u64 cgroup_id)
{
	struct cpu_slot *slot = this_slot();

	if (!slot)
		return 0;
	const __u64 begin = slot->since;
	const __u32 first = slot->moves;
	const __u32 count = (__u32)READ_SHARED(control.moves) - first;

	ordered_increment(&slot->splits); /* the moves are read after their number */
	if (count <= MOVES_WALKED) {
		for (__u32 i = 0; i < MOVES_WALKED && i < count; i++)
			split_at_move(first + i, begin, now, cut, settled);
	} else if (cgroup_id != slot->key.cgroup_id) {
		/* Too many: where the task is now, it is taken to have been since the cut. */
		close_part(split_instant(begin, now, begin, cut), cut, settled);
		slot->key.cgroup_id = cgroup_id;
	}
	return 0;
}

/*
 * The slot does not name the thread `pid` that has been running, for `own_ns` by its own account: it is empty, or
 * events were missed (tracepoints are silent on a CPU that is going down or coming up). Closes what is the slot's
 * task's. Returns the best estimate of when the thread began.
 */
RARE __u64 repaired_since(__u32 pid, __u64 own_ns, __u64 now, __u64 cut, __u64 settled)
{
	struct cpu_slot *slot = this_slot();

	if (!slot)
		return now;
	if (!slot->since)
		return first_since(now, cut);
	if (!pid) {
		slot->repaired_to_idle++;
		return slot->since;
	}

	const __u64 since = takeover_instant(slot->since, now, own_ns, cut);

	slot->repaired++;
	close_part(since, cut, settled);
	return since;
}

/* `prev` has stopped on the slot's CPU, and `next` starts. */
static __always_inline void handle_switch(struct cpu_slot *slot, struct task_struct *prev, struct task_struct *next)
{
	__u64 now, cut, settled;
	__u32 moves;

	ordered_increment(&slot->seq);
	STEP();
	now = clock_ns();
	STEP();
	cut = READ_SHARED(control.cut); /* after the clock, see share_slice */
	STEP();
	settled = READ_SHARED(control.settled[cut & 1]);
	moves = (__u32)READ_SHARED(control.moves); /* before the cgroup of `next` */

	if (slot->pid != (__u32)task_pid(prev) || !slot->since)
		open_slice(slot, prev, repaired_since(task_pid(prev), task_own_ns(prev), now, cut, settled));
	else if (slot->moves != moves && slot->pid)
		split_at_moves(now, cut, settled, task_cgroup_id(prev));
	close_slice(slot, prev, now, cut, settled);
	STEP();
	slot->moves = moves;
	open_slice(slot, next, now);
	STEP();
	ordered_increment(&slot->seq);
}

/*
 * Notes that `task`, or its whole process, has been moved to another cgroup. The kernel lets one mover at a time do
 * that (cgroup_mutex).
 */
static __always_inline void handle_move(struct task_struct *task, int whole_process)
{
	const __u64 number = READ_SHARED(control.moves);
	struct cgroup_move *move = move_at((__u32)number);

	if (!move)
		return;
	*(volatile __u64 *)&move->number = MOVE_IN_WORK;
	full_barrier();
	STEP();
	move->ns = clock_ns();
	move->cgroup_id = task_cgroup_id(task);
	move->tgid = task_tgid(task);
	move->pid = whole_process ? 0 : task_pid(task);
	full_barrier();
	STEP();
	*(volatile __u64 *)&move->number = number;
	STEP();
	ordered_increment((__u64 *)&control.moves);
}

#endif
