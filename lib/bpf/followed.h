/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a call of a traced function to the packet that is followed. */
#ifndef IPFT_FOLLOWED_H
#define IPFT_FOLLOWED_H

#include "number.h"
#include "tracked.h"

/* Not inlined, so that a miss saves no registers for it. */
static __noinline __attribute__((used)) struct tracked *find_followed(__u64 skb)
{
	return find_tracked(skb);
}

/*
 * Returns the packet if it is followed, and else NULL. Nothing of this is left in other traces.
 * @skb: a plain number
 */
#define FOLLOWED(ctx, skb)                                                                       \
	({                                                                                       \
		struct tracked *found = NULL;                                                    \
                                                                                                 \
		if (NUMBER(FOLLOWS_PLACEHOLDER) && ipft_state.has_followed) {                    \
			__u64 address = (skb);                                                   \
                                                                                                 \
			if (*near_counter(address)) {                                            \
				typeof(ctx) kept; /* in a register that only this branch saves */ \
                                                                                                 \
				COPY(kept, ctx);                                                 \
				found = find_followed(address);                                  \
				COPY(ctx, kept);                                                 \
			}                                                                        \
		}                                                                                \
		found;                                                                           \
	})

/*
 * Follows a packet that matches, unless it is followed already.
 * @tracked: what FOLLOWED has returned
 * Returns NULL if there is no room for it, or no further packet is to match.
 */
static __always_inline struct tracked *admit(__u64 skb, struct tracked *tracked)
{
	if (!tracked) {
		if (ipft_state.is_closed)
			return NULL;
		tracked = follow(skb, 0, 0, MATCHED);
	}
	if (tracked && tracked->packet)
		return tracked;
	__sync_fetch_and_add(&counters_of(bpf_get_smp_processor_id())->unfollowed_calls, 1);
	return NULL;
}

#endif
