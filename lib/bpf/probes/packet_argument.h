/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The argument of a function of the kernel, as a followed packet. */
#ifndef IPFT_PACKET_ARGUMENT_H
#define IPFT_PACKET_ARGUMENT_H

#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include "../number.h"
#include "../tracked.h"

/*
 * A program at the entry or the end of a function of the kernel: an fentry program, or an fexit program if its
 * name begins with ipft_after_. libbpf loads it as if for a kprobe, because it would take ten milliseconds to find
 * the function for each. User space, which knows the function's id, loads a copy that is bound to it
 * (follow_packets.ts). The arguments are plain numbers in the original, and typed pointers in the copy, which has
 * 0 in place of this number.
 */
#define PROBE(name) SEC("kprobe") int name(__u64 *ctx)
#define PLAIN_ARGUMENTS_PLACEHOLDER 0x1bf7f013

/* The argument of a function, which is a pointer, as a plain number. */
static __always_inline __u64 plain(__u64 argument)
{
	return NUMBER(PLAIN_ARGUMENTS_PLACEHOLDER) ? argument : untyped(argument);
}

/* Returns the packet of an argument if it is followed, and else NULL. */
static __always_inline struct tracked *tracked_argument(__u64 skb)
{
	if (!ipft_state.has_followed)
		return NULL;
	skb = plain(skb);
	return find_tracked(skb);
}

static __always_inline void forget_argument(__u64 skb)
{
	if (!ipft_state.has_followed)
		return;
	skb = plain(skb);
	if (home_of(skb)->packets)
		forget(skb);
}

#endif
