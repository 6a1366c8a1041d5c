// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Fills a real ring for the tests and benchmarks of lib/bpf/ring_reader.ts: socket filters, which
 * BPF_PROG_TEST_RUN runs on any kernel, a locked-down one included.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include "../../lib/bpf/event.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* set by user space */
} ring SEC(".maps");

/* The record of a trace with an extension. */
struct event_with_data {
	struct event event;
	__u8 data[DATA_BYTES];
};

/* Mapped by user space. */
volatile struct {
	__u64 written;	/* how many records since loading; the next record's number */
	__u32 lingering; /* 1 only while linger's record is busy; set to 0 by user space, it ends */
} state;

static __always_inline void fill(struct event *event)
{
	__u64 number = state.written++;

	event->skb = 0xffff888000000000 + number * 0x100;
	event->timestamp = 0xfffffff0 + number; /* crosses the 32-bit boundary */
	event->task = number * 0x9e3779b1;
	event->function_index = number;
	/* Other bits than the function's, each of them both 0 and 1 beside the others. */
	event->cpu = number * 5;
	event->is_return = number >> 1;
}

SEC("socket") int submit(struct __sk_buff *skb)
{
	struct event *event = bpf_ringbuf_reserve(&ring, sizeof(*event), 0);

	if (!event)
		return 1;
	fill(event);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Without a number, which CPUs that fill rings at once would share. */
SEC("socket") int submit_constant(struct __sk_buff *skb)
{
	struct event *event = bpf_ringbuf_reserve(&ring, sizeof(*event), 0);

	if (!event)
		return 1;
	*event = (struct event){ .skb = 0xffff888000000000 };
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Words that differ in every byte, and now and then look like a NaN where two of them meet. */
SEC("socket") int submit_with_data(struct __sk_buff *skb)
{
	struct event_with_data *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);

	if (!record)
		return 1;
	fill(&record->event);
	for (__u32 i = 0; i < DATA_BYTES / 4; i++)
		((__u32 *)record->data)[i] = record->event.task + i * 0x85ebca6b;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("socket") int discard(struct __sk_buff *skb)
{
	/* Of another size than an event, so that a reader has to go by the header's length. */
	char *record = bpf_ringbuf_reserve(&ring, 5, 0);

	if (!record)
		return 1;
	bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
	return 0;
}

static long is_over(__u32 turn, void *deadline)
{
	return !state.lingering || bpf_ktime_get_ns() > *(__u64 *)deadline;
}

/*
 * Keeps its record busy until it is released, or for as long as 100 ms: who should release it may be
 * waiting for this CPU.
 */
SEC("socket") int linger(struct __sk_buff *skb)
{
	struct event *event = bpf_ringbuf_reserve(&ring, sizeof(*event), 0);
	__u64 deadline = bpf_ktime_get_ns() + 100000000;

	if (!event)
		return 1;
	state.lingering = 1;
	fill(event);
	bpf_loop(1 << 23, is_over, &deadline, 0);
	state.lingering = 0;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
