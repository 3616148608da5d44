/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The kernel's types, cut down to the fields that are read. libbpf finds the real offsets in the running kernel's BTF
 * when the program is loaded; a field that is missing there shows then and not here.
 */
#ifndef BRAHE_BPF_KERNEL_TYPES_BPF_H
#define BRAHE_BPF_KERNEL_TYPES_BPF_H

#include <linux/types.h>

typedef _Bool bool;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	__u64 id; /* one number since 5.5 */
};

struct cgroup_root {
	int hierarchy_id; /* 0 for v2 */
	unsigned int subsys_mask;
};

struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct css_set {
	struct cgroup_subsys_state *subsys[1]; /* the kernel has one for each controller */
	struct cgroup *dfl_cgrp;
};

struct sched_entity {
	__u64 sum_exec_runtime;
	/* What it was when the task was picked to run, or put back on its CPU */
	__u64 prev_sum_exec_runtime;
};

typedef struct {
	__u32 val;
} kuid_t;

struct cred {
	kuid_t uid; /* the real one, whatever the user namespace */
};

struct task_struct {
	unsigned int flags;
	int pid;
	int tgid;
	__u64 start_boottime; /* real_start_time before 5.5 */
	struct task_struct *group_leader;
	struct css_set *cgroups;
	const struct cred *real_cred; /* `cred` may be another one for the length of a system call */
	struct sched_entity se;
	char comm[16];
};

struct linux_binprm {
	const char *filename;
};

#pragma clang attribute pop

/* Only the names matter: their values are taken from the running kernel. */
enum cgroup_subsys_id {
	cpu_cgrp_id,
	cpuacct_cgrp_id,
};

#endif
