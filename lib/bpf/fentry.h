/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What tracing programs share that are copied, once for each function that they are bound to. */
#ifndef IPFT_FENTRY_H
#define IPFT_FENTRY_H

#include "filter.h"
#include "followed.h"
#include "mark.h"

/*
 * A tracing program is bound to one function when it is loaded. So user space loads a copy for each function,
 * with its index in place of this number (lib/bpf/attach/fentry_template.ts).
 *
 * No skb (consume_skb(NULL) is allowed) must not be read. The verifier lets these programs, since a fault is
 * caught. But when they call functions, as those with a filter do, kernels before 6.4 may look for the fault
 * in a program that has no table of them, and crash ("bpf: ensure main program has an extable").
 */
#define FUNCTION_INDEX_PLACEHOLDER 0x1bf7c0de

#define IS_WANTED_BY_FENTRY(position)                                                            \
	(FOLLOWED(ctx, untyped(ctx[position])) ||                                                \
	 ((skb = (void *)ctx[position]) && matches(skb->mark) && PASSES_FILTER(ctx, skb)))

#endif
