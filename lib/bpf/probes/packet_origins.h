/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a packet comes out of a followed one, or goes into another. Like those of packet_ends.h, these programs
 * run whatever functions are traced.
 */
#ifndef IPFT_PACKET_ORIGINS_H
#define IPFT_PACKET_ORIGINS_H

#include <bpf/bpf_core_read.h>

#include "packet_argument.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct skb_shared_info___family {
	struct sk_buff___family *frag_list;
};

struct sk_buff___family {
	struct sk_buff___family *next;
	unsigned char *head;
	unsigned int end;
	struct {
		struct {
			int counter;
		} refs;
	} users;
};

struct ip_fraglist_iter___family {
	struct sk_buff___family *frag;
};

struct ip6_fraglist_iter___family {
	struct sk_buff___family *frag;
};

#pragma clang attribute pop

/* Follows what comes out of a packet. */
static __always_inline void derive(__u64 skb, const struct tracked *parent, enum origin origin)
{
	__u32 packet = parent->packet;

	if (packet && follow(skb, packet, parent->journey, origin))
		return;
	__sync_fetch_and_add(&counters_of(bpf_get_smp_processor_id())->unfollowed_packets, 1);
}

/* Notes that the data of a packet is that of another one as well from now on. */
static __always_inline void merge(__u64 target, struct tracked *from)
{
	struct tracked *into = find_tracked(target);

	if (!into) {
		derive(target, from, MERGE_OF);
	} else if (into->packet != from->packet) {
		from->target = into->packet;
	}
}

/*
 * All that clones or copies an skb comes here: skb_clone, skb_copy, __pskb_copy_fclone, skb_copy_expand,
 * skb_segment, the rebuilding for XDP. skb_morph() does so too, with an skb that is in use.
 */
SEC("fentry/__copy_skb_header") int ipft_copy(__u64 *ctx)
{
	struct tracked *tracked = tracked_argument(ctx[0]), *parent = tracked_argument(ctx[1]);

	if (tracked && tracked->stage == MORPHED) {
		tracked->stage = IN_USE;
		if (parent)
			merge(untyped(ctx[0]), parent);
		return 0;
	}
	if (tracked)
		forget(untyped(ctx[0]));
	if (parent)
		derive(untyped(ctx[0]), parent, parent->stage == SEGMENTED ? SEGMENT_OF : COPY_OF);
	return 0;
}

/* struct sk_buff *skb_morph(struct sk_buff *dst, struct sk_buff *src) */
SEC("fentry/skb_morph") int ipft_morph(__u64 *ctx)
{
	struct tracked *tracked = tracked_argument(ctx[0]);

	if (tracked)
		tracked->stage = MORPHED;
	return 0;
}

static __always_inline void change_stage(__u64 skb, enum stage from, enum stage to)
{
	struct tracked *tracked = tracked_argument(skb);

	if (tracked && tracked->stage == from)
		tracked->stage = to;
}

SEC("fentry/skb_segment") int ipft_segment(__u64 *ctx)
{
	change_stage(ctx[0], IN_USE, SEGMENTED);
	return 0;
}

SEC("fexit/skb_segment") int ipft_after_segment(__u64 *ctx)
{
	change_stage(ctx[0], SEGMENTED, IN_USE);
	return 0;
}

/* An skb that has been followed before stays what it is. */
#define DERIVED_IN(function, position, parent_position, origin)                                  \
	SEC("fentry/" #function) int ipft_in_##function(__u64 *ctx)                              \
	{                                                                                        \
		struct tracked *parent = tracked_argument(ctx[parent_position]);                 \
                                                                                                 \
		if (parent && !tracked_argument(ctx[position]))                                  \
			derive(untyped(ctx[position]), parent, origin);                          \
		return 0;                                                                        \
	}

DERIVED_IN(ip_copy_metadata, 0, 1, FRAGMENT_OF) /* in ip_frag_next() */
DERIVED_IN(ip6_copy_metadata, 0, 1, FRAGMENT_OF)
DERIVED_IN(skb_split, 1, 0, SPLIT_FROM)

/*
 * A list behind an skb becomes fragments: for each, before it gets its header, the function is called with the
 * fragment in front of it.
 */
#define LISTED_IN(function, iter)                                                                \
	SEC("fentry/" #function) int ipft_in_##function(__u64 *ctx)                              \
	{                                                                                        \
		struct tracked *before = tracked_argument(ctx[0]);                               \
		struct tracked *listed, first;                                                   \
		struct iter *iterator;                                                           \
		__u64 skb;                                                                       \
                                                                                                 \
		if (!before)                                                                     \
			return 0;                                                                \
		iterator = (void *)untyped(ctx[1]);                                              \
		skb = (__u64)BPF_CORE_READ(iterator, frag);                                      \
		first = *before;                                                                 \
		if (first.origin == FRAGMENT_OF)                                                 \
			first.packet = first.relative;                                           \
		listed = find_tracked(skb);                                                      \
		if (!listed) {                                                                   \
			if (skb)                                                                 \
				derive(skb, &first, FRAGMENT_OF);                                \
		} else {                                                                         \
			listed->target = 0; /* it was reassembled, and is on its own again */    \
		}                                                                                \
		return 0;                                                                        \
	}

LISTED_IN(ip_fraglist_prepare, ip_fraglist_iter___family)
LISTED_IN(ip6_fraglist_prepare, ip6_fraglist_iter___family)

/* The second skb goes into the first one if the function returns that it did. */
#define MERGED_BY(function, did)                                                                 \
	SEC("fexit/" #function) int ipft_after_##function(__u64 *ctx)                            \
	{                                                                                        \
		struct tracked *from = (did) ? tracked_argument(ctx[1]) : NULL;                  \
                                                                                                 \
		if (from)                                                                        \
			merge(untyped(ctx[0]), from);                                            \
		return 0;                                                                        \
	}

MERGED_BY(skb_gro_receive, !(__u32)ctx[2])
MERGED_BY(skb_gro_receive_list, !(__u32)ctx[2])
MERGED_BY(skb_try_coalesce, (__u8)ctx[4])

/* Packets in the list of another one, at most. */
#define LONGEST_LIST 64

/*
 * int inet_frag_reasm_finish(struct inet_frag_queue *q, struct sk_buff *head, ...): the fragments that were not
 * coalesced with the first one are in a list behind it now.
 */
SEC("fexit/inet_frag_reasm_finish") int ipft_after_reassembly(__u64 *ctx)
{
	struct skb_shared_info___family *shared;
	struct sk_buff___family *head, *skb;
	__u64 address;

	if (!ipft_state.has_followed)
		return 0;
	address = untyped(ctx[1]);
	head = (void *)address;
	shared = (void *)(BPF_CORE_READ(head, head) + BPF_CORE_READ(head, end));
	skb = BPF_CORE_READ(shared, frag_list);
	for (int i = 0; i < LONGEST_LIST && skb; i++) {
		struct tracked *from = may_be_followed((__u64)skb) ? find_tracked((__u64)skb) : NULL;

		if (from)
			merge(address, from);
		skb = BPF_CORE_READ(skb, next);
	}
	return 0;
}

/* What only the packet socket has is a tap's copy. */
#define TAPPED_IN(function)                                                                      \
	SEC("fentry/" #function) int ipft_in_##function(__u64 *ctx)                              \
	{                                                                                        \
		struct sk_buff___family *skb = (void *)ctx[0];                                   \
		struct tracked *tracked = tracked_argument(ctx[0]);                              \
                                                                                                 \
		if (tracked && tracked->origin == COPY_OF && BPF_CORE_READ(skb, users.refs.counter) == 1) \
			tracked->origin = TAP_OF;                                                \
		return 0;                                                                        \
	}

TAPPED_IN(packet_rcv)
TAPPED_IN(tpacket_rcv)

#endif
