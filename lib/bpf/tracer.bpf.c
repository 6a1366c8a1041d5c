// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The tracer: for every call of a traced function, compare skb->mark and return at once on a miss;
 * on a hit write one struct event into the ring, and for the tracer function_graph another one when the
 * call returns.
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

/* Whether the module wants the event: at its entry it decides for the whole call. */
static __always_inline int record(void *ctx, void *skb, __u32 function, enum point point)
{
	__u32 cpu = bpf_get_smp_processor_id();
	volatile struct cpu_counters *counter = counters_of(cpu);
	__u64 data[DATA_BYTES / sizeof(__u64)] = {};
	struct event *event;

	/* Atomic: with fentry an interrupt may run another of these programs inside this one. */
	__sync_fetch_and_add(&counter->hits, 1);
	/* Before there is a record, so that events that nobody wants don't take the others' room. */
	if (module(ctx, skb, data) && point == ENTRY) {
		__sync_fetch_and_add(&counter->dropped, 1);
		return 0;
	}
	event = function == UNKNOWN_FUNCTION ? NULL
					     : bpf_ringbuf_reserve(&ipft_ring, sizeof(record_t), 0);
	if (!event) {
		__sync_fetch_and_add(&counter->lost, 1);
		return 1;
	}
	event->skb = (__u64)skb;
	event->timestamp = bpf_ktime_get_ns();
	event->task = event_task((__u32)bpf_get_current_pid_tgid(), cpu);
	event->function = function;
	event->cpu = cpu;
	event->is_return = point == RETURN;
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
	return 1;
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

static __always_inline int is_wanted(struct sk_buff *skb)
{
	__u32 mark = 0;

	bpf_core_read(&mark, sizeof(mark), &skb->mark);
	return matches(mark) && ipft_state.active;
}

/* kprobe and kprobe-multi run the same programs; user space sets the expected attach type. */
#define KPROBE(position, argument)                                                               \
	SEC("kprobe") int ipft_kprobe_##position(struct pt_regs *ctx)                            \
	{                                                                                        \
		struct sk_buff *skb = (void *)PT_REGS_PARM##argument(ctx);                       \
                                                                                                 \
		if (is_wanted(skb))                                                              \
			record(ctx, skb, attached_function(ctx), ENTRY);                         \
		return 0;                                                                        \
	}

KPROBE(0, 1)
KPROBE(1, 2)
KPROBE(2, 3)
KPROBE(3, 4)
KPROBE(4, 5)

/*
 * The kernel's functions for session programs. Their prototypes differ between kernels (no parameter
 * before 7.0, the context since then), so these calls are not declared: user space puts them in place
 * of two instructions (lib/bpf/session_calls.ts). An argument too many does no harm.
 */
#define IS_RETURN_PLACEHOLDER 0x1bf75e55
#define COOKIE_PLACEHOLDER 0x1bf7c00c

#define SESSION_CALL(result, ctx, placeholder)                                                   \
	asm volatile("r1 = %1; r0 = %2; %0 = r0"                                                 \
		     : "=r"(result)                                                              \
		     : "r"(ctx), "i"(placeholder)                                                \
		     : "r0", "r1", "r2", "r3", "r4", "r5", "memory")

/* kprobe-multi since Linux 6.10: one program for a call's entry and its return. */
#define SESSION(position, argument)                                                              \
	SEC("kprobe") int ipft_session_##position(struct pt_regs *ctx)                           \
	{                                                                                        \
		struct sk_buff *skb;                                                             \
		__u64 *cookie; /* kept by the kernel from entry to return */                     \
		__u64 is_return;                                                                 \
                                                                                                 \
		SESSION_CALL(is_return, ctx, IS_RETURN_PLACEHOLDER);                             \
		if (is_return & 1) {                                                             \
			SESSION_CALL(cookie, ctx, COOKIE_PLACEHOLDER);                           \
			if (ipft_state.active)                                                   \
				record(ctx, (void *)*cookie, attached_function(ctx), RETURN);    \
			return 0;                                                                \
		}                                                                                \
		skb = (void *)PT_REGS_PARM##argument(ctx);                                       \
		if (!is_wanted(skb) || !record(ctx, skb, attached_function(ctx), ENTRY))         \
			return 1; /* nothing runs at the return of this call */                  \
		SESSION_CALL(cookie, ctx, COOKIE_PLACEHOLDER);                                   \
		*cookie = (__u64)skb;                                                            \
		return 0;                                                                        \
	}

SESSION(0, 1)
SESSION(1, 2)
SESSION(2, 3)
SESSION(3, 4)
SESSION(4, 5)

/* kprobe-multi before that: two links. The stack pointer is at the return address, or just above it. */
#define ENTER(position, argument)                                                                \
	SEC("kprobe") int ipft_enter_##position(struct pt_regs *ctx)                             \
	{                                                                                        \
		struct sk_buff *skb = (void *)PT_REGS_PARM##argument(ctx);                       \
                                                                                                 \
		__u32 function;                                                                  \
                                                                                                 \
		if (!is_wanted(skb))                                                             \
			return 0;                                                                \
		function = attached_function(ctx);                                               \
		if (record(ctx, skb, function, ENTRY))                                           \
			open_call(PT_REGS_SP(ctx), skb, function);                               \
		return 0;                                                                        \
	}

ENTER(0, 1)
ENTER(1, 2)
ENTER(2, 3)
ENTER(3, 4)
ENTER(4, 5)

SEC("kprobe") int ipft_leave(struct pt_regs *ctx)
{
	__u32 function;
	void *skb;

	if (!has_open_calls())
		return 0;
	function = attached_function(ctx);
	skb = close_call(PT_REGS_SP(ctx) - sizeof(long), function);
	if (skb)
		record(ctx, skb, function, RETURN);
	return 0;
}

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
		if (matches(skb->mark) && ipft_state.active)                                     \
			record(ctx, skb, function_index(), ENTRY);                               \
		return 0;                                                                        \
	}

FENTRY(0)
FENTRY(1)
FENTRY(2)
FENTRY(3)
FENTRY(4)

/*
 * Both programs of a call are handed the same copy of its arguments, on the stack of the call. (The
 * verifier of 5.10 wants a plain number as a key, which a pointer becomes by being read.)
 */
static __always_inline __u64 address_of(__u64 *ctx)
{
	__u64 pointer = (__u64)ctx, address;

	bpf_probe_read_kernel(&address, sizeof(address), &pointer);
	return address;
}

#define FENTER(position)                                                                         \
	SEC("fentry") int ipft_fenter_##position(__u64 *ctx)                                     \
	{                                                                                        \
		struct sk_buff *skb = (void *)ctx[position];                                     \
                                                                                                 \
		__u32 function;                                                                  \
                                                                                                 \
		if (!matches(skb->mark) || !ipft_state.active)                                   \
			return 0;                                                                \
		function = function_index();                                                     \
		if (record(ctx, skb, function, ENTRY))                                           \
			open_call(address_of(ctx), skb, function);                               \
		return 0;                                                                        \
	}

FENTER(0)
FENTER(1)
FENTER(2)
FENTER(3)
FENTER(4)

SEC("fexit") int ipft_fleave(__u64 *ctx)
{
	__u32 function;
	void *skb;

	if (!has_open_calls())
		return 0;
	function = function_index();
	skb = close_call(address_of(ctx), function);
	if (skb)
		record(ctx, skb, function, RETURN);
	return 0;
}

char ipft_license[] SEC("license") = "Dual BSD/GPL";
