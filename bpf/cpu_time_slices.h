/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * How a slice of CPU time is divided at a cut. No kernel, no maps: the BPF program and the C++ tests compile the same
 * lines.
 */
#ifndef BRAHE_BPF_CPU_TIME_SLICES_H
#define BRAHE_BPF_CPU_TIME_SLICES_H

#include <linux/types.h>

#include "bpf/cpu_time_records.h"

/* The bank that receives the time after the cut. */
static inline __attribute__((always_inline)) __u32 new_bank(__u64 cut)
{
	return cut & 1;
}

/* The instant of the cut. */
static inline __attribute__((always_inline)) __u64 cut_instant(__u64 cut)
{
	return cut & ~1ULL;
}

/* The share of a closed slice that the kernel side books. */
struct slice_share {
	__u64 ns;
	__u32 bank;
	/*
	 * The slice crossed the cut: user space adds the part before it. At most one slice per CPU does that for each
	 * cut.
	 */
	__u32 crossed;
};

/*
 * A slice that ran from `since` to `now`. `cut` and `settled` must have been read after the clock gave `now`: a handler
 * that read its clock before a cut was published then has now < T whichever cut it sees, and both name the same bank.
 */
static inline __attribute__((always_inline)) struct slice_share share_slice(__u64 since, __u64 now, __u64 cut,
									    __u64 settled)
{
	const __u64 instant = cut_instant(cut);
	struct slice_share share = {0, new_bank(cut), 0};

	if (since < settled) /* user space has read the part before, while the slice was running */
		since = settled;
	if (now <= instant) {
		share.bank ^= 1;
	} else if (since < instant) {
		share.crossed = 1;
		since = instant;
	}
	share.ns = now > since ? now - since : 0;
	return share;
}

/* When the first slice on a CPU begins, whose start was not seen: at the last cut, or now if none was made yet. */
static inline __attribute__((always_inline)) __u64 first_since(__u64 now, __u64 cut)
{
	const __u64 instant = cut_instant(cut);

	return instant && instant < now ? instant : now;
}

/*
 * Where a slice from `since` to `now` can be split that changed hands at `at`. Once the cut has passed, the time before
 * it is user space's to read, and it may have read the slot by now: then the split is placed behind the cut, so that
 * the slice before it counts as one that crossed the cut.
 */
static inline __attribute__((always_inline)) __u64 split_instant(__u64 since, __u64 now, __u64 at, __u64 cut)
{
	const __u64 instant = cut_instant(cut);

	return since < instant && instant < now && at <= instant ? instant + 1 : at;
}

/*
 * Events were missed between `since` and `now`, and a task runs now that has run for `own_ns` by its own account: the
 * instant at which it took over from the task that the CPU's slot names.
 */
static inline __attribute__((always_inline)) __u64 takeover_instant(__u64 since, __u64 now, __u64 own_ns, __u64 cut)
{
	return split_instant(since, now, own_ns < now - since ? now - own_ns : since, cut);
}

/*
 * The part before the cut of the slice that was running at it, for user space to add: from `since`, but not from before
 * the previous cut, which was settled then.
 */
static inline __attribute__((always_inline)) __u64 share_before_cut(__u64 since, __u64 previous_cut, __u64 instant)
{
	if (since < previous_cut)
		since = previous_cut;
	return since < instant ? instant - since : 0;
}

/* Whether a move concerns a slice that runs since `begin` and ends (or is looked at) at `end`. */
static inline __attribute__((always_inline)) int
move_concerns(const struct cgroup_move *move, const struct task_key *key, __u32 pid, __u64 begin, __u64 end)
{
	return move->tgid == key->tgid && (!move->pid || move->pid == pid) && move->ns > begin && move->ns < end;
}

#endif
