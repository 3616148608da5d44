/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The records that cpu_time.bpf.c writes and user space reads. Compiled by both sides, so that they cannot differ.
 * All times are nanoseconds on CLOCK_MONOTONIC unless said otherwise.
 */
#ifndef BRAHE_BPF_CPU_TIME_RECORDS_H
#define BRAHE_BPF_CPU_TIME_RECORDS_H

#include <linux/types.h>

enum { COMM_LENGTH = 16, EXEC_PATH_LENGTH = 128, CGROUP_PATH_LENGTH = 512 };

/* Who ran, and where: the key of map `procs`. */
struct task_key {
	__u32 tgid;	 /* 0 stands for idle, and never enters the map */
	__u32 socket;	 /* physical package of the CPU */
	__u64 start_ns;	 /* start of the group leader, CLOCK_BOOTTIME: tells a reused pid from the one before */
	__u64 cgroup_id; /* inode of the cgroup's folder */
};

/*
 * Value of map `procs`. ns[] only grows; which of the two banks a slice is added to is decided by the cut. read_ns[] is
 * what ns[] was when user space last read the bank.
 */
struct task_time {
	__u64 ns[2];
	__u64 read_ns[2];
	char comm[COMM_LENGTH]; /* of the leader, when the entry was made; empty if that is not known */
};

/* What `read_bank` tells of an entry of `procs` whose bank has gained time. */
struct task_reading {
	struct task_key key;
	__u64 gained_ns; /* since the bank was last read */
	char comm[COMM_LENGTH];
};

/* What `read_bank` is asked for, and what it has counted. */
struct read_request {
	__u32 bank;
	__u32 entries; /* passed so far; user space sets it to 0 before it reads */
};

/* Key and value of map `cg_overflow`: time of processes that found `procs` full. */
struct overflow_key {
	__u64 cgroup_id;
	__u32 socket;
	__u32 pad;
};

struct overflow_time {
	__u64 ns[2];
};

/* A running task was moved to another cgroup. */
struct cgroup_move {
	__u64 ns; /* 0: none, or it is being written */
	__u64 cgroup_id;
};

/*
 * One per CPU, value of array `cpu_slots`, which user space maps. Written by its own CPU only, with interrupts off, but
 * for moves; read under seq. The first cache line is all that a switch touches in the common case.
 */
struct cpu_slot {
	__u64 seq; /* odd while the handler is inside; half of it is the number of switches */
	/*
	 * Thread that runs now, 0 for idle: a switch away from another one means missed events. Above PID_MASK the
	 * number of times that it may have been moved to another cgroup since.
	 */
	__u32 pid;
	__u32 socket;	     /* of this CPU, filled in by user space before the program is attached */
	__u64 since;	     /* when the running slice began; 0 before the first event */
	struct task_key key; /* whose slice it is */
	__u64 idle_ns[2];    /* closed idle time, by bank */

	__u64 lost_ns[2]; /* closed time that fitted no map, by bank */
	/* the one slice that crossed the cut `carry_cut`, once it is closed: its early part is for user space to add */
	__u64 carry_cut;
	__u64 carry_since;
	struct task_key carry_key;
	__u64 inserts; /* entries made in `procs` by this CPU */

	__u64 overflows;	/* slices that went to `cg_overflow` or lost_ns */
	__u64 repaired;		/* missed events that were reconstructed */
	__u64 repaired_to_idle; /* the same where the CPU was idle by then, so that the whole gap is idle time */
	/* The last two moves of tasks that were running, in any order. Written by the mover, at any time. */
	struct cgroup_move moves[2];
	__u64 pad;
} __attribute__((aligned(64)));

/* Of cpu_slot.pid: pids have 22 bits at most (PID_MAX_LIMIT). */
enum { PID_MASK = (1 << 22) - 1, MOVED_ONCE = 1 << 24 };

/* Written by user space, read by every switch; alone on its cache line. */
struct cut_control {
	/*
	 * The instant at which the banks change, with the number of the bank that receives the time after it in the
	 * lowest bit (the instant itself is even).
	 */
	__u64 cut;
	/* All time before this instant has been read, also that of slices that are still running. */
	__u64 settled;
	__u64 pad[6];
} __attribute__((aligned(64)));

enum event_kind { PROCESS_EXEC = 1, PROCESS_FREE = 2, CGROUP_MADE = 3 };

/* Record of ring buffer `events`; for PROCESS_FREE it ends before `path`. */
struct process_event {
	__u64 time_ns;
	__u64 start_ns; /* as in task_key */
	__u32 tgid;
	__u32 kind;
	char comm[COMM_LENGTH];
	char path[EXEC_PATH_LENGTH]; /* as given to exec; empty if it is longer */
};

/* Another record of it; `kind` stands at the same place. */
struct cgroup_event {
	__u64 time_ns;
	__u64 cgroup_id;
	__u32 pad;
	__u32 kind;
	char path[CGROUP_PATH_LENGTH]; /* from the hierarchy's root, starts with '/'; cut off if it is longer */
};

/* Which hierarchy cgroup ids are taken from. */
enum cgroup_hierarchy { CGROUP_V2 = 0, CGROUP_V1_CPUACCT = 1, CGROUP_V1_CPU = 2 };

#endif
