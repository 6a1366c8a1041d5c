/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a hit to its record in a ring. */
#ifndef IPFT_RECORD_H
#define IPFT_RECORD_H

#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include "counters.h"
#include "function_table.h"
#include "number.h"
#include "tracked.h"

/*
 * Where records go. CPUs that share a ring wait for each other at its lock: with two of them a record takes
 * four times as long as with one. So user space makes several rings (lib/bpf/rings.ts).
 */
struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1); /* user space sets it */
	__type(key, __u32);
	__array(values, struct ring);
} ipft_rings SEC(".maps");

#define RINGS_PLACEHOLDER 0x1bf7417c /* number of rings, a power of two */
#define RECORD_BYTES_PLACEHOLDER 0x1bf75172

/* Where the extension's data is in a record: DATA in lib/event/section.ts. */
#define data_placeholder 0x1bf7da7a

#ifdef EXTENSION
#define DATA_WORDS (DATA_BYTES / sizeof(__u64))

/*
 * The extension's entry point. User space has checked its parameters and made them void pointers in its BTF
 * (lib/extension/void_parameters.ts), because the linker compares both declarations.
 */
extern int module(void *ctx, void *skb, void *data);
#else
#define DATA_WORDS 0

static __always_inline int module(void *ctx, void *skb, void *data)
{
	return 0;
}
#endif

static __always_inline void fill_lineage(struct lineage *section, const struct lineage *lineage)
{
	*section = *lineage;
}

static __always_inline void fill_data(void *section, const __u64 *data)
{
	__builtin_memcpy(section, data, DATA_WORDS * sizeof(*data));
}

/*
 * The Makefile defines SECTIONS(X) as X(name) for each folder of lib/sections. The folder's header has
 * `struct name`, `fill_name(section, skb)`, which writes every byte of it, and `name_placeholder` for its
 * offset in a record. That is 0 if the trace does not have the section: then nothing of it is left here.
 */
#define FILL(name, from)                                                                         \
	{                                                                                        \
		__u64 offset = NUMBER(name##_placeholder);                                       \
                                                                                                 \
		if (offset)                                                                      \
			fill_##name((void *)event + offset, from);                               \
	}
#define FILL_SECTION(name) FILL(name, skb)

/* Keeps the structs in the object's BTF, where a test reads their layout. */
#define SECTION_MEMBER(name) struct name name;
struct {
	struct event event;
	struct lineage lineage;
	SECTIONS(SECTION_MEMBER)
} ipft_layout;

/* Where an event is: ENTRY_OF_CALL, where the return is an event as well. */
enum point { ENTRY, ENTRY_OF_CALL, RETURN };

/* Writes the record of an event. Returns 0 if the ring has no room. */
static __always_inline int write_record(void *ring, void *skb, __u32 function, __u32 cpu,
					enum point point, const struct lineage *lineage,
					const __u64 *data)
{
	struct event *event = bpf_ringbuf_reserve(ring, NUMBER(RECORD_BYTES_PLACEHOLDER), 0);
	__u32 thread;

	if (!event)
		return 0;
	event->skb = (__u64)skb;
	/* After the reservation: lib/bpf/ring_reader.ts relies on it. */
	event->timestamp = bpf_ktime_get_ns();
	thread = bpf_get_current_pid_tgid();
	event->task = event_task(thread, cpu);
	event->function_index = function;
	event->cpu = cpu;
	event->is_return = point == RETURN;
	if (DATA_WORDS)
		FILL(data, data)
	FILL(lineage, lineage)
	SECTIONS(FILL_SECTION)
	/*
	 * A wake-up costs the traffic more than the record itself, so user space is woken up only if it says
	 * that it sleeps. It says so before it looks at the rings for the last time, and this reads it after
	 * the reservation, so one of the two sees the other.
	 */
	if (ipft_state.asleep) {
		ipft_state.asleep = 0;
		bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
	} else {
		bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	}
	return 1;
}

/* The verifier of 5.10 cannot cope with the branches of more. */
#define RING_TRIES 4

/*
 * Counts a hit and submits its record. Returns 0 if there is none: the extension does not want the event, or
 * no ring has room. At the entry of a call, that is so for the whole call.
 * @lineage: all zeros at a return, which belongs to the packet of its entry, whatever the skb is by now
 */
static __always_inline int submit_event(void *ctx, void *skb, __u32 function, enum point point,
					const struct lineage *lineage)
{
	__u32 cpu = bpf_get_smp_processor_id(), rings = NUMBER(RINGS_PLACEHOLDER);
	volatile struct cpu_counters *counter = counters_of(cpu);
	__u64 data[DATA_WORDS] = {};

	/* Atomic, because with fentry an interrupt may run another of these programs inside this one. */
	__sync_fetch_and_add(&counter->hits, 1);
	/* Before there is a record, so that unwanted events take no room from the others. */
	if (module(ctx, skb, data) && point != RETURN) {
		__sync_fetch_and_add(&counter->dropped, 1);
		return 0;
	}
	/* The CPU's own ring, or one of those after it if that is full. */
	for (__u64 i = 0; i < RING_TRIES && i < rings && function != UNKNOWN_FUNCTION; i++) {
		__u32 index = (cpu + i) & (rings - 1);
		void *ring = bpf_map_lookup_elem(&ipft_rings, &index);

		if (ring && write_record(ring, skb, function, cpu, point, lineage, data))
			return 1;
	}
	__sync_fetch_and_add(&counter->lost, 1);
	if (point == ENTRY_OF_CALL) {
		__sync_fetch_and_add(&counter->hits, 1);
		__sync_fetch_and_add(&counter->lost, 1);
	}
	return 0;
}

#endif
