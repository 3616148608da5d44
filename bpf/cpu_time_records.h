/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The memory that cpu_time.bpf.c and user space share. Compiled by both sides, so that they cannot differ. All times
 * are nanoseconds on CLOCK_MONOTONIC unless said otherwise.
 */
#ifndef BRAHE_BPF_CPU_TIME_RECORDS_H
#define BRAHE_BPF_CPU_TIME_RECORDS_H

#include <linux/types.h>

enum { COMM_LENGTH = 16, EXEC_PATH_LENGTH = 128, CGROUP_PATH_LENGTH = 512 };

/* Who ran, and where: the key of map `procs`. All 0: nobody. */
struct task_key {
	__u32 tgid;	 /* 0 stands for idle, and has no record */
	__u32 socket;	 /* physical package of the CPU */
	__u64 start_ns;	 /* start of the group leader, CLOCK_BOOTTIME: tells a reused pid from the one before */
	__u64 cgroup_id; /* inode of the cgroup's folder */
};

/* In place of a user's id: not known. No user has it. */
#define NO_UID 0xffffffffU

/* In task_key.tgid: time of processes that found no free record, by cgroup and socket; start_ns is 0. */
enum { OVERFLOW_TGID = 0xffffffffU };

/*
 * Set in task_key.tgid of a record that user space has taken from its owner, and that waits until no handler can hold
 * it: the key is nobody's then, and tells whose it was. Of OVERFLOW_TGID the bit is taken away. No pid has it.
 */
#define RESTING_BIT 0x80000000U

/*
 * Element of array `records`: what one process used in one cgroup on one socket. One cache line, written by handlers
 * on all CPUs. Element 0 stands for none.
 *
 * ns[] only grows, also when the record gets another owner: what counts is ns - read_ns. Which of the two banks a slice
 * is added to is decided by the cut.
 */
struct task_record {
	struct task_key key; /* all 0 while it is free; see RESTING_BIT */
	__u64 ns[2];
	/*
	 * What ns[] was when user space last read that bank and has kept what it read; written by user space only. What
	 * has been read and not been kept yet, an ending of user space leaves to be read again.
	 */
	__u64 read_ns[2];
	/* The process' real user id, noted by the first slice since the bank was last read; NO_UID: not known. */
	__u32 uid;
	__u32 known; /* 1: user space has kept a reading of it since it has this owner; written by user space only */
} __attribute__((aligned(64)));

/*
 * Element of array `marks`: a byte for each of MARKS_EACH records and each bank, set by the first slice that is added
 * since the bank was last read (it finds ns == read_ns), and cleared by user space with read_ns.
 */
enum { MARKS_EACH = 64 };
struct record_marks {
	__u8 of[2][MARKS_EACH];
} __attribute__((aligned(64)));

/*
 * Element of array `moves`, a ring: a process, or one thread of it, was moved to another cgroup. `number` is how many
 * moves there were before, and stands still while the rest is being written (MOVE_IN_WORK).
 */
enum { MOVES_KEPT = 1024 };
#define MOVE_IN_WORK (~0ULL)
struct cgroup_move {
	__u64 number;
	__u64 ns;
	__u64 cgroup_id;
	__u32 tgid;
	__u32 pid; /* 0: all its threads */
};

/*
 * Element of array `cpu_slots`, one for each possible CPU. Written by its own CPU only, with interrupts off; read under
 * seq. The first cache line is all that a switch touches in the common case.
 */
struct cpu_slot {
	__u64 seq;	     /* odd while the handler is inside; half of it is the number of switches */
	__u64 since;	     /* when the running slice began; 0 before the first event */
	struct task_key key; /* whose slice it is; user space writes the socket before the program is attached */
	__u32 pid;	     /* thread that runs now, 0 for idle: a switch away from another one means missed events */
	__u32 moves;	     /* control.moves, cut to 32 bits, when the slice began */
	__u64 idle_ns[2];    /* closed idle time, by bank */

	/* The one slice that crossed the cut `carry_cut`, once it is closed: the part before it is user space's. */
	__u64 carry_cut;
	__u64 carry_since;
	struct task_key carry_key;
	__u32 carry_pid;
	__u32 carry_moves;
	__u64 lost_ns[2]; /* closed time for which there was no record at all, by bank */

	__u64 births;		/* records taken by this CPU */
	__u64 overflows;	/* slices that found no record of their own */
	__u64 repaired;		/* missed events that were reconstructed */
	__u64 repaired_to_idle; /* the same where the CPU was idle by then, so that the whole gap is idle time */
	__u64 splits;		/* slices that were looked through for moves */
	__u64 pad[3];
} __attribute__((aligned(64)));

/* Written by user space (`moves` by the kernel side), read by every switch; alone on its cache line. */
struct cut_control {
	/*
	 * The instant at which the banks change, with the number of the bank that receives the time after it in the
	 * lowest bit (the instant itself is even).
	 */
	__u64 cut;
	/*
	 * By that bank: the instant of the cut before. All time before it has been read, also that of slices that are
	 * still running. It is written before the cut that leads to it, and found by an address that depends on the
	 * cut, so that no processor reads it too early.
	 */
	__u64 settled[2];
	__u64 moves; /* cgroup moves so far: a slice that saw no change of it was not moved */
	__u64 pad[4];
} __attribute__((aligned(64)));

/* MANY_MOVES has a kind and nothing else: many tasks were moved since the last one. */
enum event_kind { PROCESS_EXEC = 1, PROCESS_FREE = 2, CGROUP_MADE = 3, CGROUP_GONE = 4, MANY_MOVES = 5 };

/* Record of ring buffer `events`; for PROCESS_FREE it ends before `path`. */
struct process_event {
	__u64 time_ns;
	__u64 start_ns; /* as in task_key */
	__u32 tgid;
	__u32 kind;
	char comm[COMM_LENGTH];
	__u32 uid;		     /* real user id; NO_UID: not known */
	char path[EXEC_PATH_LENGTH]; /* as given to exec; empty if it is longer or cannot be read */
};

/* Another record of it; `kind` stands at the same place. For CGROUP_GONE it ends before `path`. */
struct cgroup_event {
	__u64 time_ns;
	__u64 cgroup_id;
	__u32 pad;
	__u32 kind;
	char path[CGROUP_PATH_LENGTH]; /* from the hierarchy's root, starts with '/'; cut off if it is longer */
};

/* Which hierarchy cgroup ids are taken from. */
enum cgroup_hierarchy { CGROUP_V2 = 0, CGROUP_V1_CPUACCT = 1, CGROUP_V1_CPU = 2 };

/* Bits of variable `missing`: what the running kernel does not have. */
enum missing_feature { MISSING_OWN_TIME = 1 };

#endif
