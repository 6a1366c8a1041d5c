// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Keeps the verifier busy: it follows every round of the loop. */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

struct sk_buff;

int module(void *ctx, struct sk_buff *skb, __u8 data[64])
{
	__u64 sum = 0;

	for (int i = 0; i < 150000; i++)
		sum ^= bpf_get_prandom_u32();
	*(__u64 *)data = sum;
	return 0;
}
