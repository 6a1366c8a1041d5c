// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The tracer: for every call of a traced function, compare skb->mark and return at once on a miss;
 * on a hit write one struct event into the ring.
 *
 * Compiled a second time with MODULE defined, the record has room for 64 bytes that the user's
 * module() fills: that object is linked with the module's when a trace begins (lib/module/link_module.ts).
 * All global names begin with ipft_, so that modules may use any other.
 *
 * There is one program per backend family and position of the skb among the arguments, so that a
 * miss does no more than load a register and a mark (and because clang merges loads of several
 * positions into one of `ctx + variable`, which the verifier refuses). User space loads only the
 * programs that its backend and functions need.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "event.h"

/* The part of the kernel's struct that is used: CO-RE finds the offset on the running kernel. */
struct sk_buff {
	__u32 mark;
} __attribute__((preserve_access_index));

/* enum bpf_func_id of the running kernel; a value of its own, so that headers may know it or not. */
enum bpf_func_id___attach_cookie {
	BPF_FUNC_get_attach_cookie___attach_cookie = 174,
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 << 20); /* set by user space: --buffer-size */
} ipft_ring SEC(".maps");

/*
 * Kernels before 5.15 have no attach cookies: there the function is found by its address. User space
 * sizes and fills this map on such kernels only.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u32);
} ipft_addresses SEC(".maps");

const volatile struct config ipft_config;
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

static __always_inline int matches(__u32 mark)
{
	return (mark & ipft_config.mark_mask) == ipft_config.wanted_mark;
}

/* Of a probe that is attached to none of the functions of the table. Must not be; is not hidden. */
#define UNKNOWN_FUNCTION (~0u)

static __always_inline int record(void *ctx, void *skb, __u32 function)
{
	__u32 cpu = bpf_get_smp_processor_id();
	volatile struct cpu_counters *counter = &ipft_state.counters[cpu & (COUNTER_SLOTS - 1)];
	__u64 data[DATA_BYTES / sizeof(__u64)] = {};
	struct event *event;

	/* Atomic: with fentry an interrupt may run another of these programs inside this one. */
	__sync_fetch_and_add(&counter->hits, 1);
	/* Before there is a record, so that events that nobody wants don't take the others' room. */
	if (module(ctx, skb, data)) {
		__sync_fetch_and_add(&counter->dropped, 1);
		return 0;
	}
	event = function == UNKNOWN_FUNCTION ? NULL
					     : bpf_ringbuf_reserve(&ipft_ring, sizeof(record_t), 0);
	if (!event) {
		__sync_fetch_and_add(&counter->lost, 1);
		return 0;
	}
	event->skb = (__u64)skb;
	event->timestamp = bpf_ktime_get_ns();
	event->function = function;
	event->cpu = cpu;
	event->flags = 0;
	__builtin_memcpy(event + 1, data, sizeof(record_t) - sizeof(*event));
	/*
	 * A wake-up costs the traffic more than the record itself, so user space is woken up only where it
	 * says that it sleeps. It says so before it looks at the ring for the last time, and here it is
	 * read after the reservation: one of the two sees the other.
	 */
	if (ipft_state.asleep) {
		ipft_state.asleep = 0;
		bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
	} else {
		bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	}
	return 0;
}

static __always_inline __u32 attached_function(struct pt_regs *ctx)
{
	__u64 address;
	__u32 *function;

	if (bpf_core_enum_value_exists(enum bpf_func_id___attach_cookie,
				       BPF_FUNC_get_attach_cookie___attach_cookie))
		return bpf_get_attach_cookie(ctx) - 1; /* it is 0 where there is none */
	/* x86 hands a kprobe handler the address behind its int3 (kprobe_ftrace_handler and
	 * kprobe_int3_handler in arch/x86/kernel/kprobes). */
	address = PT_REGS_IP(ctx) - 1;
	function = bpf_map_lookup_elem(&ipft_addresses, &address);
	return function ? *function : UNKNOWN_FUNCTION;
}

/* kprobe and kprobe-multi run the same programs; user space sets the expected attach type. */
#define KPROBE(position, argument)                                                               \
	SEC("kprobe") int ipft_kprobe_##position(struct pt_regs *ctx)                            \
	{                                                                                        \
		struct sk_buff *skb = (void *)PT_REGS_PARM##argument(ctx);                       \
		__u32 mark = 0;                                                                  \
                                                                                                 \
		bpf_core_read(&mark, sizeof(mark), &skb->mark);                                  \
		if (!matches(mark) || !ipft_state.active)                                        \
			return 0;                                                                \
		return record(ctx, skb, attached_function(ctx));                                 \
	}

KPROBE(0, 1)
KPROBE(1, 2)
KPROBE(2, 3)
KPROBE(3, 4)
KPROBE(4, 5)

/*
 * A tracing program is bound to its one function when it is loaded, so user space loads a copy per
 * function with the function's index in place of this number (lib/bpf/attach_ftrace.ts).
 */
#define FUNCTION_INDEX_PLACEHOLDER 0x1bf7c0de

static __always_inline __u32 function_index(void)
{
	__u32 index;

	asm volatile("%0 = %1" : "=r"(index) : "i"(FUNCTION_INDEX_PLACEHOLDER));
	return index;
}

#define FENTRY(position)                                                                         \
	SEC("fentry") int ipft_fentry_##position(__u64 *ctx)                                     \
	{                                                                                        \
		struct sk_buff *skb = (void *)ctx[position];                                     \
                                                                                                 \
		if (!matches(skb->mark) || !ipft_state.active)                                   \
			return 0;                                                                \
		return record(ctx, skb, function_index());                                       \
	}

FENTRY(0)
FENTRY(1)
FENTRY(2)
FENTRY(3)
FENTRY(4)

char ipft_license[] SEC("license") = "Dual BSD/GPL";
