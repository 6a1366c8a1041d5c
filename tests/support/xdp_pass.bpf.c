// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lets every packet pass. That a device runs it makes the kernel rebuild packets without headroom. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp") int pass(struct xdp_md *context)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
