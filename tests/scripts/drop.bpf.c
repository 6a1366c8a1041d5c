// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Wants every second event; hidden, as its author has read that it must be. */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

static __u64 events;

__hidden int module(void *ctx, void *skb, void *data)
{
	*(__u64 *)data = events;
	return events++ & 1;
}
