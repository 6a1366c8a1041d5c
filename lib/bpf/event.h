/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What programs and user space share: events and counters. */
#ifndef IPFT_EVENT_H
#define IPFT_EVENT_H

#include <linux/types.h>

/*
 * The start of every record: EVENT in lib/event/event.ts. The sections of the trace follow, each at an
 * offset that lib/event/layout.ts computes.
 */
struct event {
	__u64 skb;	 /* address of the struct sk_buff that the call was entered with */
	__u64 timestamp; /* bpf_ktime_get_ns(): CLOCK_MONOTONIC */
	__u32 task;	 /* in whose context the call runs, interrupts included: see event_task() */
	__u16 function_index; /* into the table of traced functions */
	__u16 cpu : 15;	 /* CONFIG_NR_CPUS is 8192 at most */
	__u16 is_return : 1;
};

/*
 * Calls nest within a task, and with the interrupts on top of it. A thread has its id. The idle threads all
 * have id 0: they are numbered by CPU from the top, where no thread has its id (PID_MAX_LIMIT).
 */
#define event_task(thread_id, cpu) ((thread_id) ? (thread_id) : 0xffffffff - (cpu))

/* Size of the section that the user's extension fills: DATA in lib/event/section.ts. */
#define DATA_BYTES 64

/* CPUs beyond this power of two share counters, which atomic adds keep exact. */
#define COUNTER_SLOTS 256

/*
 * Counters of a CPU, on a cache line of their own, so that CPUs never wait for each other to count. At any
 * time: hits = records delivered + records in the rings + lost + dropped.
 */
struct cpu_counters {
	__u64 hits; /* a probe met a packet that passes the filter */
	__u64 lost; /* hits without a record: no ring had room */
	__u64 dropped; /* hits that the user's extension did not want */
	/* calls that are no hits: what the expression is about was not in the linear part of the skb */
	__u64 undecided;
	__u64 followed; /* packets that are followed now; only the sum of all CPUs means something */
	/* for want of room: calls with matching packets that are no hits, and packets that came out of others */
	__u64 unfollowed_calls;
	__u64 unfollowed_packets;
} __attribute__((aligned(64)));

/* The start of .bss, mapped by user space: STATE in state.ts. */
struct state {
	/*
	 * 1 between "Trace ready!" and the end. Attaching and detaching take time, during which packets would
	 * show up in some functions only.
	 */
	__u32 active;
	/* 1 while user space sleeps. The next record sets it to 0 and wakes it up. */
	__u32 asleep;
	/* Number of calls in ipft_calls. */
	__u64 open_calls;
	/* 1 once a packet has been followed. */
	__u32 has_followed;
	/* 1 when no further packet is to match. */
	__u32 is_closed;
	/* How many packets have numbers; the others are only used before Linux 5.12. */
	__u32 packets[4];
	__u64 address; /* of this struct: see untyped() */
	struct cpu_counters counters[COUNTER_SLOTS];
};

#endif
