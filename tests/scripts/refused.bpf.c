// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The verifier refuses it. */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

struct sk_buff;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u64);
} packets SEC(".maps");

int module(void *ctx, struct sk_buff *skb, __u8 data[64])
{
	__u64 key = (__u64)skb, *count = bpf_map_lookup_elem(&packets, &key);

	*(__u64 *)data = *count + 1;
	return 0;
}
