/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which packets are traced: lib/filter/packet_filter.ts. */
#ifndef IPFT_FILTER_H
#define IPFT_FILTER_H

#include "event.h"
#include "mark.h"

#define HAS_FILTER_PLACEHOLDER 0x1bf7f117 /* 1 where the trace has a filter program */

/*
 * The filter program: lets a packet pass with anything but 0. User space puts its instructions in place of
 * the body (lib/bpf/splice.ts), so it must be the last function of .text. It is hidden and not static: clang
 * must take nothing for granted, and libbpf makes a hidden function static for the verifier, which
 * therefore knows what its callers pass. A macro defines it because all of that is one line of the source:
 * those of later instructions would be wrong.
 */
__hidden __noinline __u64 ipft_filter(void *skb);

#define DEFINE_FILTER                                                                            \
	__u64 ipft_filter(void *skb)                                                             \
	{                                                                                        \
		__u64 passes;                                                                    \
                                                                                                 \
		asm volatile("%0 = 1" : "=r"(passes) : "r"(skb) : "memory");                     \
		return passes;                                                                   \
	}

/* Whether the filter program lets the packet pass. Where there is none, nothing is left of this. */
#define PASSES_FILTER(ctx, skb)                                                                  \
	({                                                                                       \
		int passes = 1;                                                                  \
                                                                                                 \
		if (NUMBER(HAS_FILTER_PLACEHOLDER)) {                                            \
			typeof(ctx) kept; /* in a register that only this branch saves */        \
                                                                                                 \
			COPY(kept, ctx);                                                         \
			passes = ipft_filter(skb) != 0;                                          \
			COPY(ctx, kept);                                                         \
		}                                                                                \
		passes;                                                                          \
	})

#endif
