/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The filter program, a part of the packet filter: lib/filter/packet_filter.ts. */
#ifndef IPFT_FILTER_H
#define IPFT_FILTER_H

#include "conditions.h"
#include "event.h"
#include "mark.h"

#define HAS_FILTER_PLACEHOLDER 0x1bf7f117 /* 1 where the trace has conditions besides the mark */

/*
 * Returns 0 unless the packet passes. User space replaces the body by the filter program (lib/bpf/splice.ts),
 * so this must be the last function of .text. Being global, clang assumes nothing about it; being hidden,
 * libbpf makes it static for the verifier, which then knows what its callers pass. A macro defines it so that
 * all of it is one line of the source: the debug information of later lines would be wrong.
 */
__hidden __noinline __u64 ipft_filter(void *skb);

/* Not inlined, like the hits of tracer.bpf.c: a miss by mark saves no registers for it. */
static __noinline int passes_filter(void *skb);

#define DEFINE_FILTER                                                                            \
	static __noinline int passes_filter(void *skb)                                           \
	{                                                                                        \
		return meets_conditions(skb) && ipft_filter(skb) != 0;                           \
	}                                                                                        \
                                                                                                 \
	__u64 ipft_filter(void *skb)                                                             \
	{                                                                                        \
		__u64 passes;                                                                    \
                                                                                                 \
		asm volatile("%0 = 1" : "=r"(passes) : "r"(skb) : "memory");                     \
		return passes;                                                                   \
	}

/* Whether the packet meets all conditions but that on the mark. Nothing of this is left without others. */
#define PASSES_FILTER(ctx, skb)                                                                  \
	({                                                                                       \
		int passes = 1;                                                                  \
                                                                                                 \
		if (NUMBER(HAS_FILTER_PLACEHOLDER)) {                                            \
			typeof(ctx) kept; /* in a register that only this branch saves */        \
                                                                                                 \
			COPY(kept, ctx);                                                         \
			passes = passes_filter(skb);                                          \
			COPY(ctx, kept);                                                         \
		}                                                                                \
		passes;                                                                          \
	})

#endif
