/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a call of a traced function to the packet that is followed. */
#ifndef IPFT_FOLLOWED_H
#define IPFT_FOLLOWED_H

#include "number.h"
#include "tracked.h"

/* Not inlined, so that a miss saves no registers for it. */
static __noinline __attribute__((used)) int is_followed(__u64 skb)
{
	return find_tracked(skb) != NULL;
}

/*
 * Whether the packet is followed. Nothing of this is left in traces that follow none.
 * @skb: a plain number
 */
#define FOLLOWED(ctx, skb)                                                                       \
	({                                                                                       \
		int followed = 0;                                                                \
                                                                                                 \
		if (NUMBER(FOLLOWS_PLACEHOLDER) && ipft_state.has_followed) {                    \
			__u64 address = (skb);                                                   \
                                                                                                 \
			if (home_of(address)->packets) {                                         \
				typeof(ctx) kept; /* in a register that only this branch saves */ \
                                                                                                 \
				COPY(kept, ctx);                                                 \
				followed = is_followed(address);                                 \
				COPY(ctx, kept);                                                 \
			}                                                                        \
		}                                                                                \
		followed;                                                                        \
	})

/*
 * Says which packet a wanted event is about, which is followed from now on if it is not yet. Returns 0 if there
 * is no room for it, or no further packet is to match.
 * @skb: a plain number
 */
static __always_inline int identify(__u64 skb, struct lineage *lineage)
{
	struct tracked *tracked;

	if (!NUMBER(FOLLOWS_PLACEHOLDER))
		return 1;
	if (!skb)
		return 0; /* consume_skb(NULL) is allowed */
	tracked = find_tracked(skb);
	if (!tracked) {
		if (ipft_state.is_closed)
			return 0;
		tracked = follow(skb, 0, 0, MATCHED);
	}
	if (!tracked || !tracked->packet) {
		__sync_fetch_and_add(
			&counters_of(bpf_get_smp_processor_id())->unfollowed_calls, 1);
		return 0;
	}
	lineage->packet = tracked->packet;
	lineage->relative = tracked->target ? tracked->target : tracked->relative;
	lineage->journey = tracked->journey;
	lineage->origin = tracked->target ? MERGED_INTO : tracked->origin;
	return 1;
}

#endif
