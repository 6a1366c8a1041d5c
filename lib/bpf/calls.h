/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The calls with a traced packet that have not returned yet, for methods whose return programs cannot see
 * the arguments. For these, user space makes room in the map.
 */
#ifndef IPFT_CALLS_H
#define IPFT_CALLS_H

#include "record.h"

struct call {
	/*
	 * A place on the stack that both programs of a call know. That is not enough: a function that ends with
	 * a jump to another one leaves the same place to it.
	 */
	__u64 address;
	__u64 function;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct call);
	__type(value, __u64); /* the struct sk_buff that the call was entered with */
} ipft_calls SEC(".maps");

/* Remembers a call for its return. If there is no room, the return is lost. */
static __always_inline void open_call(__u64 address, void *skb, __u32 function)
{
	volatile struct cpu_counters *counter = counters_of(bpf_get_smp_processor_id());
	struct call call = {.address = address, .function = function};
	__u64 value = (__u64)skb;

	if (!bpf_map_update_elem(&ipft_calls, &call, &value, BPF_ANY)) {
		__sync_fetch_and_add(&ipft_state.open_calls, 1);
		return;
	}
	__sync_fetch_and_add(&counter->hits, 1);
	__sync_fetch_and_add(&counter->lost, 1);
}

/* Whether any call is open. Most of the time none is, and a return program is done after this. */
static __always_inline int has_open_calls(void)
{
	return ipft_state.open_calls && ipft_state.active;
}

/* Returns the packet that the call was entered with; NULL if its entry is not among the events. */
static __always_inline void *close_call(__u64 address, __u32 function)
{
	struct call call = {.address = address, .function = function};
	__u64 *value = bpf_map_lookup_elem(&ipft_calls, &call);
	void *skb;

	if (!value)
		return NULL;
	skb = (void *)*value;
	bpf_map_delete_elem(&ipft_calls, &call);
	__sync_fetch_and_add(&ipft_state.open_calls, -1);
	return skb;
}

#endif
