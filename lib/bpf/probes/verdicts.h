/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What tc and XDP programs decide about packets. User space loads a copy of ipft_tc_verdict or ipft_xdp_verdict
 * for each such program, bound to its return (verdicts.ts). The originals, which user space copies and nobody
 * attaches, are bound to a function of the kernel that has the same place for its result.
 */
#ifndef IPFT_VERDICTS_H
#define IPFT_VERDICTS_H

#include "../fentry.h"
#include "packet_argument.h"

/* The verdicts that have names: VERDICTS in verdict_names.ts. */
#define FIRST_TC_VERDICT (-1) /* TC_ACT_UNSPEC */
#define TC_VERDICTS 10
#define FIRST_XDP_VERDICT 0 /* XDP_ABORTED */
#define XDP_VERDICTS 5

/*
 * Each verdict of a program is a function in the trace's table, and the one after them is any other verdict.
 * FUNCTION_INDEX_PLACEHOLDER is the first of them.
 * @address: of the skb, as a plain number
 */
static __always_inline int submit_verdict(void *ctx, void *skb, __u64 address, __u32 number,
					  __u32 count)
{
	struct lineage lineage = {};
	__u32 function;

	if (!identify(address, &lineage))
		return 0;
	function = NUMBER(FUNCTION_INDEX_PLACEHOLDER) + (number < count ? number : count);
	submit_event(ctx, skb, function, ENTRY, &lineage);
	return 0;
}

SEC("fexit/netif_receive_skb") int ipft_tc_verdict(__u64 *ctx)
{
	struct sk_buff *skb;

	if (!IS_WANTED_BY_FENTRY(0) || !ipft_state.active)
		return 0;
	skb = (void *)ctx[0];
	return submit_verdict(ctx, skb, untyped((__u64)skb), (__u32)ctx[1] - FIRST_TC_VERDICT,
			      TC_VERDICTS);
}

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct xdp_buff___verdict {
	void *data_hard_start;
};

struct sk_buff___verdict {
	void *head;
};

#pragma clang attribute pop

/* The skb that the kernel runs an XDP program for on this CPU; 0 for none. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} ipft_xdp_skb SEC(".maps");

static __always_inline __u64 *xdp_skb(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&ipft_xdp_skb, &key);
}

static __always_inline void set_xdp_skb(__u64 skb)
{
	__u64 *current = xdp_skb();

	if (current)
		*current = skb;
}

/* Functions that run XDP programs for an skb. They do not call each other. */
#define RUNS_XDP(function, position)                                                             \
	SEC("fentry/" #function) int ipft_in_##function(__u64 *ctx)                              \
	{                                                                                        \
		set_xdp_skb(untyped(ctx[position]));                                             \
		return 0;                                                                        \
	}                                                                                        \
	SEC("fexit/" #function) int ipft_after_##function(__u64 *ctx)                            \
	{                                                                                        \
		set_xdp_skb(0);                                                                  \
		return 0;                                                                        \
	}

RUNS_XDP(bpf_prog_run_generic_xdp, 0)
RUNS_XDP(netif_receive_generic_xdp, 0) /* before Linux 5.14 */
RUNS_XDP(veth_xdp_rcv_skb, 1)

/* veth copies an skb without enough headroom, and runs the program for the copy. */
SEC("fentry/__copy_skb_header") int ipft_xdp_copy(__u64 *ctx)
{
	__u64 *current = xdp_skb();

	if (current && *current && *current == untyped(ctx[1]))
		*current = untyped(ctx[0]);
	return 0;
}

/* An XDP program has no skb. Only if its buffer is that of the CPU's skb is the verdict about this one. */
SEC("fexit/netif_receive_skb") int ipft_xdp_verdict(__u64 *ctx)
{
	struct xdp_buff___verdict *buffer;
	__u64 *current = xdp_skb();
	struct sk_buff *skb;

	if (!current || !*current || !ipft_state.active)
		return 0;
	skb = (void *)*current;
	buffer = (void *)untyped(ctx[0]);
	if (BPF_CORE_READ((struct sk_buff___verdict *)skb, head) !=
	    BPF_CORE_READ(buffer, data_hard_start))
		return 0;
	if (!FOLLOWED(ctx, (__u64)skb) &&
	    !(matches(BPF_CORE_READ(skb, mark)) && PASSES_FILTER(ctx, (void *)skb)))
		return 0;
	return submit_verdict(ctx, skb, (__u64)skb, (__u32)ctx[1] - FIRST_XDP_VERDICT,
			      XDP_VERDICTS);
}

#endif
