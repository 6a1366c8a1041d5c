/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a followed packet ends. These programs run whatever functions are traced. They are fentry and fexit
 * programs, which an interrupt hardly ever keeps from running: the kernel skips a run only if the same program
 * is running on that CPU. So two programs see each free.
 *
 * The functions are those of net/core/skbuff.c, as they are in Linux 5.10 to 7.2. User space attaches those
 * that the running kernel has (follow_packets.ts).
 */
#ifndef IPFT_PACKET_ENDS_H
#define IPFT_PACKET_ENDS_H

#include "packet_argument.h"

/*
 * An skb is free in two steps: skb_release_head_state() gives back what it refers to, then something gives
 * back its memory. What happens in between still belongs to the packet. The last steps differ: some are
 * functions of their own, others are at the end of a larger one. There, the memory may belong to another
 * packet by now. That is followed only if it was admitted, and then it is IN_USE again.
 */
#define RELEASED_IN(function)                                                                    \
	SEC("fentry/" #function) int ipft_release_in_##function(__u64 *ctx)                      \
	{                                                                                        \
		struct tracked *tracked = tracked_argument(ctx[0]);                              \
                                                                                                 \
		if (tracked && tracked->stage != MORPHED)                                        \
			tracked->stage = RELEASED;                                               \
		return 0;                                                                        \
	}

RELEASED_IN(skb_release_head_state)
RELEASED_IN(napi_skb_free_stolen_head) /* GRO has taken the head over */

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

/* If an interrupt kept the programs below from running: */
FREED_BY_THE_END_OF(kfree_skbmem)
FREED_BY_THE_END_OF(napi_skb_cache_put)
/* Older kernels have napi_skb_cache_put() inlined in these, or something that does the same: */
FREED_BY_THE_END_OF(kfree_skb_partial)
FREED_BY_THE_END_OF(napi_consume_skb)
FREED_BY_THE_END_OF(napi_skb_free_stolen_head)
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
FORGOTTEN_IN(napi_skb_cache_put, 0)
FORGOTTEN_IN(__build_skb_around, 0)
FORGOTTEN_IN(napi_reuse_skb, 1)

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

#endif
