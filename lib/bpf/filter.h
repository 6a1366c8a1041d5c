/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The conditions of the packet filter but that on the mark. */
#ifndef IPFT_FILTER_H
#define IPFT_FILTER_H

#include "conditions.h"
#include "record.h"

#define HAS_CONDITIONS_PLACEHOLDER 0x1bf7f118 /* 1 where the trace has those of conditions.h */
#define HAS_EXPRESSION_PLACEHOLDER 0x1bf7f117 /* 1 where the trace has an expression */

/* What ipft_filter returns. */
#define MATCHES 1
#define UNDECIDED 2 /* what the expression is about is not in the linear part of the skb */

/*
 * Evaluates the expression. User space replaces the body by the program (lib/filter/expression_program.ts and
 * lib/bpf/splice.ts), so this must be the last function of .text. Being global, clang assumes nothing about
 * it; being hidden, libbpf makes it static for the verifier, which then knows what its callers pass. A macro
 * defines it so that all of it is one line of the source: the debug information of later lines would be wrong.
 */
__hidden __noinline __u64 ipft_filter(void *skb);

#define DEFINE_FILTER                                                                            \
	__u64 ipft_filter(void *skb)                                                             \
	{                                                                                        \
		__u64 result;                                                                    \
                                                                                                 \
		asm volatile("%0 = 1" : "=r"(result) : "r"(skb) : "memory");                     \
		return result;                                                                   \
	}

/* Not inlined, like the hits of tracer.bpf.c: a miss by mark saves no registers for these. */
static __noinline __attribute__((used)) int check_conditions(void *skb)
{
	return meets_conditions(skb);
}

static __noinline __attribute__((used)) int count_undecided(void)
{
	__sync_fetch_and_add(&counters_of(bpf_get_smp_processor_id())->undecided, 1);
	return 0;
}

/* Whether the packet meets all conditions but that on the mark. Nothing of this is left without others. */
#define PASSES_FILTER(ctx, skb)                                                                  \
	({                                                                                       \
		__u64 result = MATCHES;                                                          \
                                                                                                 \
		if (NUMBER(HAS_CONDITIONS_PLACEHOLDER)) {                                        \
			typeof(ctx) kept; /* in a register that only this branch saves */        \
                                                                                                 \
			COPY(kept, ctx);                                                         \
			result = check_conditions(skb);                                          \
			COPY(ctx, kept);                                                         \
		}                                                                                \
		if (result == MATCHES && NUMBER(HAS_EXPRESSION_PLACEHOLDER)) {                   \
			typeof(ctx) kept;                                                        \
                                                                                                 \
			COPY(kept, ctx);                                                         \
			result = ipft_filter(skb);                                               \
			if (result == UNDECIDED)                                                 \
				count_undecided();                                               \
			COPY(ctx, kept);                                                         \
		}                                                                                \
		result == MATCHES;                                                               \
	})

#endif
