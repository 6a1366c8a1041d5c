/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the programs of tracer.bpf.c have in common: maps, the record of a hit, and the calls that wait
 * for their return.
 */
#ifndef IPFT_RECORD_H
#define IPFT_RECORD_H

#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "event.h"
#include "mark.h"

/* enum bpf_func_id of the running kernel; a value of its own, so that headers may know it or not. */
enum bpf_func_id___func_ip {
	BPF_FUNC_get_func_ip___func_ip = 173,
};

/*
 * Where records go. CPUs that share a ring wait for each other at its lock: two of them take four
 * times as long for a record as one alone. So there are several, made by user space (lib/bpf/rings.ts).
 */
struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1); /* set by user space: RINGS */
	__type(key, __u32);
	__array(values, struct ring);
} ipft_rings SEC(".maps");

/*
 * Which function an address is: open addressing, sparse, sized and filled by user space
 * (lib/bpf/function_table.ts). (The attach cookie of a kprobe-multi link would say the same, but the
 * kernel searches for it among all of the link's addresses, with a call for each comparison.)
 */
struct function_slot {
	__u32 address; /* the lower half */
	__u32 function;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct function_slot);
} ipft_functions SEC(".maps");

#define FUNCTION_HASH 0x9e3779b1
#define FUNCTION_PROBES 4

volatile struct state ipft_state;

#ifdef MODULE
typedef struct event_with_data record_t;

/*
 * The user's. User space has checked its parameters and made them void pointers in the module's BTF
 * (lib/module/void_parameters.ts): the linker compares both declarations.
 */
extern int module(void *ctx, void *skb, void *data);
#else
typedef struct event record_t;

static __always_inline int module(void *ctx, void *skb, void *data)
{
	return 0;
}
#endif

/* Unused: keeps the struct in the object's BTF, where a test compares it with lib/bpf/event.ts. */
record_t *ipft_layout;

/* See mark.h. */
#define HASH_SHIFT_PLACEHOLDER 0x1bf75417 /* of an address, see struct function_slot */
#define RINGS_PLACEHOLDER 0x1bf7417c /* how many: a power of two */

/*
 * The marked packets' calls under way, for methods whose return programs see nothing of the entry. User
 * space makes room in it where it is needed.
 */
struct call {
	/*
	 * On the stack of the call, where both programs find it. It is not enough: a function that ends with
	 * a jump to another one leaves it the same place.
	 */
	__u64 address;
	__u64 function;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct call);
	__type(value, __u64); /* the struct sk_buff that it was entered with */
} ipft_calls SEC(".maps");

enum point { ENTRY, RETURN };

static __always_inline volatile struct cpu_counters *counters_of(__u32 cpu)
{
	return &ipft_state.counters[cpu & (COUNTER_SLOTS - 1)];
}

/* Remembers a call for its return; without room for it, the return is lost. */
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

/* Whether any call is open. Most of the time none is, and returns need to do no more than ask this. */
static __always_inline int has_open_calls(void)
{
	return ipft_state.open_calls && ipft_state.active;
}

/* The packet that the call was entered with; NULL for a call that was not recorded. */
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

/* Of a probe that is attached to none of the functions of the table. Must not be; is not hidden. */
#define UNKNOWN_FUNCTION (~0u)

/* Whether the ring had room for it. */
static __always_inline int write_record(void *ring, void *skb, __u32 function, __u32 cpu,
					enum point point, const __u64 *data)
{
	struct event *event = bpf_ringbuf_reserve(ring, sizeof(record_t), 0);
	__u32 thread;

	if (!event)
		return 0;
	event->skb = (__u64)skb;
	/* After the reservation: lib/bpf/ring_reader.ts builds on it. */
	event->timestamp = bpf_ktime_get_ns();
	thread = bpf_get_current_pid_tgid();
	event->task = event_task(thread, cpu);
	event->function = function;
	event->cpu = cpu;
	event->is_return = point == RETURN;
	__builtin_memcpy(event + 1, data, sizeof(record_t) - sizeof(*event));
	/*
	 * A wake-up costs the traffic more than the record itself, so user space is woken up only where it
	 * says that it sleeps. It says so before it looks at the rings for the last time, and here it is
	 * read after the reservation: one of the two sees the other.
	 */
	if (ipft_state.asleep) {
		ipft_state.asleep = 0;
		bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
	} else {
		bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	}
	return 1;
}

/* More rings than these are too many branches for the verifier of 5.10. */
#define RING_TRIES 4

/*
 * Whether the module wants the event: at its entry it decides for the whole call. `rings` is
 * NUMBER(RINGS_PLACEHOLDER).
 */
static __always_inline int record(void *ctx, void *skb, __u32 function, enum point point,
				  __u32 rings)
{
	__u32 cpu = bpf_get_smp_processor_id();
	volatile struct cpu_counters *counter = counters_of(cpu);
	__u64 data[DATA_BYTES / sizeof(__u64)] = {};

	/* Atomic: with fentry an interrupt may run another of these programs inside this one. */
	__sync_fetch_and_add(&counter->hits, 1);
	/* Before there is a record, so that events that nobody wants don't take the others' room. */
	if (module(ctx, skb, data) && point == ENTRY) {
		__sync_fetch_and_add(&counter->dropped, 1);
		return 0;
	}
	/* The CPU's own ring, or if that is full one of those after it. */
	for (__u64 i = 0; i < RING_TRIES && i < rings && function != UNKNOWN_FUNCTION; i++) {
		__u32 index = (cpu + i) & (rings - 1);
		void *ring = bpf_map_lookup_elem(&ipft_rings, &index);

		if (ring && write_record(ring, skb, function, cpu, point, data))
			return 1;
	}
	__sync_fetch_and_add(&counter->lost, 1);
	return 1;
}

/* `hash_shift` is NUMBER(HASH_SHIFT_PLACEHOLDER). */
static __always_inline __u32 attached_function(struct pt_regs *ctx, __u32 hash_shift)
{
	__u32 address, slot;

	if (bpf_core_enum_value_exists(enum bpf_func_id___func_ip, BPF_FUNC_get_func_ip___func_ip))
		address = bpf_get_func_ip(ctx);
	else
		/* Before 5.15. x86 hands a kprobe handler the address behind its int3
		 * (kprobe_ftrace_handler and kprobe_int3_handler in arch/x86/kernel/kprobes). */
		address = PT_REGS_IP(ctx) - 1;
	slot = address * FUNCTION_HASH >> hash_shift;
#pragma unroll
	for (int i = 0; i < FUNCTION_PROBES; i++, slot++) {
		struct function_slot *found = bpf_map_lookup_elem(&ipft_functions, &slot);

		if (found && found->address == address)
			return found->function;
	}
	return UNKNOWN_FUNCTION;
}

#endif
