/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The record that map_names.bpf.c writes and user space reads. */
#ifndef BRAHE_BPF_MAP_NAME_H
#define BRAHE_BPF_MAP_NAME_H

#include <linux/types.h>

enum { MAP_NAME_LENGTH = 16 }; /* BPF_OBJ_NAME_LEN */

struct map_name {
	__u32 id;
	__u32 type; /* enum bpf_map_type */
	char name[MAP_NAME_LENGTH];
};

#endif
