// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Does nothing: the cost of this probe is the floor for the cost of a miss. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("kprobe") int empty(void *ctx)
{
	(void)ctx;
	return 0;
}

char empty_license[] SEC("license") = "Dual BSD/GPL";
