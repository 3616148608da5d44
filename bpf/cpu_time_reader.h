/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* How user space reads what cpu_time_handler.h writes, while it may be writing. C++ only. */
#ifndef BRAHE_BPF_CPU_TIME_READER_H
#define BRAHE_BPF_CPU_TIME_READER_H

#include <algorithm>
#include <cstring>

#include "bpf/cpu_time_records.h"
#include "bpf/cpu_time_slices.h"

/* What was read before stays before what is read after. As C++ has it (atomic_thread_fence), but that is refused under
 * -fsanitize=thread. */
inline void KeepLoadsInOrder()
{
#if defined(__aarch64__)
	asm volatile("dmb ishld" ::: "memory");
#elif defined(__x86_64__)
	asm volatile("" ::: "memory"); /* the processor does so by itself */
#else
#error "say how loads are kept in order here"
#endif
}

/* What was stored before is in memory, where all see it, before the clock is read after. */
inline void WaitForStores()
{
#if defined(__aarch64__)
	asm volatile("dmb ish" ::: "memory");
#elif defined(__x86_64__)
	asm volatile("" ::: "memory"); /* a sequentially consistent store is an exchange, which waits by itself */
#else
#error "say how stores are waited for here"
#endif
}

/* Copies the slot. False if its handler was running meanwhile: then the copy is worth nothing. */
inline bool TryReadSlot(const struct cpu_slot &slot, struct cpu_slot &copy)
{
	const __u64 before = __atomic_load_n(&slot.seq, __ATOMIC_ACQUIRE);

	memcpy(static_cast<void *>(&copy), static_cast<const void *>(&slot), sizeof copy);
	KeepLoadsInOrder();
	return before % 2 == 0 && __atomic_load_n(&slot.seq, __ATOMIC_RELAXED) == before;
}

/* Copies a move. False if it is another one by now. */
inline bool TryReadMove(const struct cgroup_move *moves, __u64 number, struct cgroup_move &copy)
{
	const struct cgroup_move &move = moves[number % MOVES_KEPT];
	const __u64 before = __atomic_load_n(&move.number, __ATOMIC_ACQUIRE);

	memcpy(static_cast<void *>(&copy), static_cast<const void *>(&move), sizeof copy);
	KeepLoadsInOrder();
	return before == number && __atomic_load_n(&move.number, __ATOMIC_RELAXED) == before;
}

/* What is known of the slice that was running on a CPU at the last cut, for the next one that finds it running still.
 */
struct running_slice {
	__u64 begin;	 /* 0: none */
	__u64 moves;	 /* those that have been looked at */
	__u64 cgroup_id; /* where the task was at that cut */
};

/* Instants that the readers go by. */
struct cut_instants {
	__u64 previous; /* 0: none before */
	__u64 cut;
};

/*
 * Calls `take(key, ns)` for the part before the cut of the slice that was running at it on the slot's CPU, once for
 * each cgroup that its task was in; for an idle CPU with key.tgid 0. `slot` is a consistent copy. `count` is
 * control.moves, read before this is called and after the slot was copied.
 */
template <typename Take>
void TakeSliceAcrossCut(const struct cpu_slot &slot, struct cut_instants at, const struct cgroup_move *moves,
			__u64 count, struct running_slice &known, Take take)
{
	const bool open = slot.since != 0 && slot.since < at.cut;

	if (!open && slot.carry_cut != at.cut)
		return;

	struct task_key key = open ? slot.key : slot.carry_key;
	const __u64 begin = open ? slot.since : slot.carry_since;
	const __u32 pid = open ? slot.pid : slot.carry_pid;
	__u64 since = std::max(begin, at.previous);

	if (key.tgid == 0) {
		known = {};
		take(key, at.cut - since);
		return;
	}

	/* The slot has the lower half of the number. */
	__u64 number = count - static_cast<__u32>(static_cast<__u32>(count) - (open ? slot.moves : slot.carry_moves));

	if (known.begin == begin) {
		number = known.moves;
		key.cgroup_id = known.cgroup_id;
	}
	if (count > MOVES_KEPT)
		number = std::max(number, count - MOVES_KEPT);
	for (; number < count; ++number) {
		struct cgroup_move move;

		if (!TryReadMove(moves, number, move))
			continue;
		if (move.ns >= at.cut) /* they are in order */
			break;
		if (!move_concerns(&move, &key, pid, begin, at.cut))
			continue;
		if (move.ns > since) {
			take(key, move.ns - since);
			since = move.ns;
		}
		key.cgroup_id = move.cgroup_id;
	}
	known = {begin, number, key.cgroup_id};
	take(key, at.cut - since);
}

#endif
