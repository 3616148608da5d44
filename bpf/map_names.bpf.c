// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Tells the names of all BPF maps in the kernel, whatever namespace they were made in. Asking for them one by one takes
 * CAP_SYS_ADMIN, this CAP_BPF and CAP_PERFMON only.
 */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bpf/map_name.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct bpf_map {
	enum bpf_map_type map_type;
	__u32 id;
	char name[MAP_NAME_LENGTH];
};

struct bpf_iter_meta {
	struct seq_file *seq;
};

#pragma clang attribute pop

/* What a program of type iter/bpf_map is called with; its layout is fixed by the verifier. */
struct bpf_iter__bpf_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
};

SEC("iter/bpf_map")
int tell_map(struct bpf_iter__bpf_map *ctx)
{
	const struct bpf_map *map = ctx->map;
	struct map_name found = {};

	if (!map) /* the end */
		return 0;
	found.id = map->id;
	found.type = map->map_type;
	__builtin_memcpy(found.name, map->name, sizeof(found.name));
	bpf_seq_write(ctx->meta->seq, &found, sizeof(found)); /* if it is full, the kernel calls again for this map */
	return 0;
}
