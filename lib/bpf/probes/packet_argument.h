/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The argument of a function of the kernel, as a followed packet. */
#ifndef IPFT_PACKET_ARGUMENT_H
#define IPFT_PACKET_ARGUMENT_H

#include "../tracked.h"

/* Returns the packet of an argument if it is followed, and else NULL. */
static __always_inline struct tracked *tracked_argument(__u64 skb)
{
	if (!ipft_state.has_followed)
		return NULL;
	skb = untyped(skb);
	return find_tracked(skb);
}

static __always_inline void forget_argument(__u64 skb)
{
	if (!ipft_state.has_followed)
		return;
	skb = untyped(skb);
	if (home_of(skb)->packets)
		forget(skb);
}

#endif
