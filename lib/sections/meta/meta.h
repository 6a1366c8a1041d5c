/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Section `meta`: what the skb says of itself. */
#ifndef IPFT_META_H
#define IPFT_META_H

#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct meta {
	__u32 mark;
	__u32 len; /* of the packet, from the skb's current start: in bytes */
};

#define meta_placeholder 0x1bf73e7a

struct sk_buff___meta {
	__u32 mark;
	unsigned int len;
} __attribute__((preserve_access_index));

static __always_inline void fill_meta(struct meta *meta, void *packet)
{
	struct sk_buff___meta *skb = packet;

	bpf_core_read(&meta->mark, sizeof(meta->mark), &skb->mark);
	bpf_core_read(&meta->len, sizeof(meta->len), &skb->len);
}

#endif
