/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a followed packet ends, and where another one comes out of it. These programs run whatever functions
 * are traced. They are fentry and fexit programs, which an interrupt hardly ever keeps from running: the
 * kernel skips a run only if the same program is running on that CPU.
 *
 * The functions are those of net/core/skbuff.c and others, as they are in Linux 5.10 to 7.2. User space
 * attaches those that the running kernel has (follow_packets.ts).
 */
#ifndef IPFT_FOLLOW_PACKETS_H
#define IPFT_FOLLOW_PACKETS_H

#include <bpf/bpf_core_read.h>

#include "../tracked.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct sk_buff___family {
	struct {
		struct {
			int counter;
		} refs;
	} users;
};

#pragma clang attribute pop

/* Returns the packet of an argument if it is followed, and else NULL. */
static __always_inline struct tracked *tracked_argument(__u64 skb)
{
	if (!ipft_state.has_followed)
		return NULL;
	skb = untyped(skb);
	return *near_counter(skb) ? find_tracked(skb) : NULL;
}

static __always_inline void forget_argument(__u64 skb)
{
	if (!ipft_state.has_followed)
		return;
	skb = untyped(skb);
	if (*near_counter(skb))
		forget(skb);
}

/*
 * An skb is free in two steps: skb_release_head_state() gives back what it refers to, then something gives
 * back its memory. What happens in between still belongs to the packet. The last steps differ: some are
 * functions of their own, others are at the end of a larger one. There, the memory may belong to another
 * packet by now. That is followed only if it was admitted, and then it is IN_USE again.
 */
SEC("fentry/skb_release_head_state") int ipft_release(__u64 *ctx)
{
	struct tracked *tracked = tracked_argument(ctx[0]);

	if (tracked && tracked->stage != MORPHED)
		tracked->stage = RELEASED;
	return 0;
}

static __always_inline void forget_if_released(__u64 skb)
{
	struct tracked *tracked = may_be_followed(skb) ? find_tracked(skb) : NULL;

	if (tracked && tracked->stage == RELEASED)
		forget(skb);
}

#define FREED_BY_THE_END_OF(function)                                                            \
	SEC("fexit/" #function) int ipft_after_##function(__u64 *ctx)                            \
	{                                                                                        \
		if (ipft_state.has_followed)                                                     \
			forget_if_released(untyped(ctx[0]));                                     \
		return 0;                                                                        \
	}

FREED_BY_THE_END_OF(kfree_skbmem) /* if an interrupt kept the program below from running */
FREED_BY_THE_END_OF(kfree_skb_partial)
FREED_BY_THE_END_OF(napi_consume_skb)
FREED_BY_THE_END_OF(__kfree_skb_defer) /* called __napi_kfree_skb since Linux 6.4 */
FREED_BY_THE_END_OF(__napi_kfree_skb)

/* The last function that an skb goes through, or the first of another packet with the same memory. */
#define FORGOTTEN_IN(function, position)                                                         \
	SEC("fentry/" #function) int ipft_in_##function(__u64 *ctx)                              \
	{                                                                                        \
		forget_argument(ctx[position]);                                                  \
		return 0;                                                                        \
	}

FORGOTTEN_IN(kfree_skbmem, 0)
FORGOTTEN_IN(__build_skb_around, 0)
FORGOTTEN_IN(napi_reuse_skb, 1)

/* GRO has taken the head of the skb over. There is no skb_release_head_state() here. */
SEC("fexit/napi_skb_free_stolen_head") int ipft_after_stolen_head(__u64 *ctx)
{
	forget_argument(ctx[0]);
	return 0;
}

/* void *__alloc_skb(unsigned int size, gfp_t gfp_mask, int flags, int node) */
SEC("fexit/__alloc_skb") int ipft_after_alloc(__u64 *ctx)
{
	forget_argument(ctx[4]);
	return 0;
}

/* So many at a time at most: KFREE_SKB_BULK_SIZE, NAPI_SKB_CACHE_SIZE */
#define MOST_FREED 128

/* void kmem_cache_free_bulk(struct kmem_cache *s, size_t size, void **p) */
SEC("fentry/kmem_cache_free_bulk") int ipft_in_free_bulk(__u64 *ctx)
{
	__u64 count = ctx[1], *objects;

	if (!ipft_state.has_followed)
		return 0;
	/* The verifier lets no program load a pointer to pointers. */
	bpf_probe_read_kernel(&objects, sizeof(objects), &ctx[2]);
	for (__u32 i = 0; i < MOST_FREED && i < count; i++) {
		__u64 skb = 0;

		bpf_probe_read_kernel(&skb, sizeof(skb), &objects[i]);
		forget_if_released(skb);
	}
	return 0;
}

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
		from->relative = into->packet;
		from->origin = MERGED_INTO;
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

/* An skb that is new, or that has been followed before: then it stays what it is. */
#define DERIVED_IN(function, position, parent_position, origin)                                  \
	SEC("fentry/" #function) int ipft_in_##function(__u64 *ctx)                              \
	{                                                                                        \
		struct tracked *parent = tracked_argument(ctx[parent_position]);                 \
                                                                                                 \
		if (parent && !tracked_argument(ctx[position]))                                  \
			derive(untyped(ctx[position]), parent, origin);                          \
		return 0;                                                                        \
	}

DERIVED_IN(ip_copy_metadata, 0, 1, FRAGMENT_OF)
DERIVED_IN(ip6_copy_metadata, 0, 1, FRAGMENT_OF)
DERIVED_IN(skb_split, 1, 0, SPLIT_FROM)

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
