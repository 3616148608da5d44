// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* Reads the clocks that the kernel side goes by. User space runs it once, at the start. */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

__u64 monotonic_ns = 0;
__u64 boottime_ns = 0;

SEC("raw_tp")
int read_clocks(void *ctx)
{
	monotonic_ns = bpf_ktime_get_ns();
	boottime_ns = bpf_ktime_get_boot_ns();
	return 0;
}
