// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * For every call of a traced function, decide whether its packet is wanted. Return at once on a miss; on a
 * hit submit a record, and with function_graph another one when the call returns.
 *
 * Compiled a second time with EXTENSION defined, for traces with a user's extension: its object is
 * linked with this one when a trace begins (lib/extension/link.ts), and its module() fills 64 bytes of each
 * record. All global names begin with ipft_; extensions may use any other.
 *
 * There is one program per method and position of the skb among the arguments, so that a miss does no
 * more than load a register and a mark (and because clang merges loads of several positions into one of
 * `ctx + variable`, which the verifier refuses). User space loads only the programs that its method and
 * functions need.
 */
#include "calls.h"
#include "filter.h"
#include "fentry.h"
#include "followed.h"
#include "function_table.h"
#include "probes/follow_sockets.h"
#include "probes/mark_sockets.h"
#include "probes/packet_ends.h"
#include "probes/packet_origins.h"
#include "record.h"

/*
 * Hits of the programs that are attached to many functions. These are not inlined because a program saves
 * at its beginning all registers that it uses anywhere: this way a miss saves one, and needs no stack. (clang
 * emits `used` functions where they are defined: before ipft_filter.)
 */
#define OUT_OF_LINE static __noinline __attribute__((used))

OUT_OF_LINE int hit(struct pt_regs *ctx, void *skb, enum point point)
{
	struct lineage lineage = {};

	if (point != RETURN && !identify((__u64)skb, &lineage))
		return 0;
	return submit_event(ctx, skb, attached_function(ctx), point, &lineage);
}

OUT_OF_LINE int hit_and_open(struct pt_regs *ctx, void *skb)
{
	__u32 function = attached_function(ctx);
	struct lineage lineage = {};

	if (!identify((__u64)skb, &lineage))
		return 0;
	if (submit_event(ctx, skb, function, ENTRY_OF_CALL, &lineage))
		open_call(PT_REGS_SP(ctx), skb, function);
	return 0;
}

OUT_OF_LINE int close_and_submit(struct pt_regs *ctx)
{
	__u32 function = attached_function(ctx);
	void *skb = close_call(PT_REGS_SP(ctx) - sizeof(long), function);
	struct lineage unknown = {};

	if (skb)
		submit_event(ctx, skb, function, RETURN, &unknown);
	return 0;
}

#define SKB(argument) ((void *)PT_REGS_PARM##argument(ctx))

/* See mark_of(). */
#define MARK(argument) mark_of(&ctx, (long)&PT_REGS_PARM##argument((struct pt_regs *)0))

#define IS_WANTED(argument)                                                                      \
	((FOLLOWED(ctx, (__u64)SKB(argument)) ||                                                 \
	  (matches(MARK(argument)) && PASSES_FILTER(ctx, SKB(argument)))) &&                     \
	 ipft_state.active)

/* kprobe and kprobe-multi share these programs. User space sets the expected attach type. */
#define KPROBE(position, argument)                                                               \
	SEC("kprobe") int ipft_kprobe_##position(struct pt_regs *ctx)                            \
	{                                                                                        \
		if (IS_WANTED(argument))                                                         \
			hit(ctx, SKB(argument), ENTRY);                                          \
		return 0;                                                                        \
	}

KPROBE(0, 1)
KPROBE(1, 2)
KPROBE(2, 3)
KPROBE(3, 4)
KPROBE(4, 5)

/*
 * The kernel's functions for session programs. Their prototypes differ between kernels (no parameter before
 * 7.0, the context since then), so they are not declared here: user space replaces an instruction by the call
 * (lib/bpf/placeholders.ts). One argument too many does no harm.
 */
#define IS_RETURN_PLACEHOLDER 0x1bf75e55
#define COOKIE_PLACEHOLDER 0x1bf7c00c

#define SESSION_CALL(result, ctx, placeholder)                                                   \
	asm volatile("r1 = %1; r0 = %2; %0 = r0"                                                 \
		     : "=r"(result)                                                              \
		     : "r"(ctx), "i"(placeholder)                                                \
		     : "r0", "r1", "r2", "r3", "r4", "r5", "memory")

/* kprobe-multi since Linux 6.10: one program for the entry and the return of a call. */
#define SESSION(position, argument)                                                              \
	SEC("kprobe") int ipft_session_##position(struct pt_regs *ctx)                           \
	{                                                                                        \
		__u64 *cookie; /* kept by the kernel from entry to return */                     \
		__u64 is_return;                                                                 \
                                                                                                 \
		SESSION_CALL(is_return, ctx, IS_RETURN_PLACEHOLDER);                             \
		if (is_return & 1) {                                                             \
			SESSION_CALL(cookie, ctx, COOKIE_PLACEHOLDER);                           \
			if (ipft_state.active)                                                   \
				hit(ctx, (void *)*cookie, RETURN);                               \
			return 0;                                                                \
		}                                                                                \
		if (!IS_WANTED(argument) || !hit(ctx, SKB(argument), ENTRY_OF_CALL))             \
			return 1; /* nothing runs at the return of this call */                  \
		SESSION_CALL(cookie, ctx, COOKIE_PLACEHOLDER);                                   \
		*cookie = (__u64)SKB(argument);                                                  \
		return 0;                                                                        \
	}

SESSION(0, 1)
SESSION(1, 2)
SESSION(2, 3)
SESSION(3, 4)
SESSION(4, 5)

/* kprobe-multi before that: two links. The stack pointer is at the return address or just above it. */
#define ENTER(position, argument)                                                                \
	SEC("kprobe") int ipft_enter_##position(struct pt_regs *ctx)                             \
	{                                                                                        \
		if (IS_WANTED(argument))                                                         \
			hit_and_open(ctx, SKB(argument));                                        \
		return 0;                                                                        \
	}

ENTER(0, 1)
ENTER(1, 2)
ENTER(2, 3)
ENTER(3, 4)
ENTER(4, 5)

SEC("kprobe") int ipft_leave(struct pt_regs *ctx)
{
	if (has_open_calls())
		close_and_submit(ctx);
	return 0;
}

#define FENTRY(position)                                                                         \
	SEC("fentry") int ipft_fentry_##position(__u64 *ctx)                                     \
	{                                                                                        \
		struct lineage lineage;                                                          \
		struct sk_buff *skb;                                                             \
                                                                                                 \
		if (!IS_WANTED_BY_FENTRY(position) || !ipft_state.active)                        \
			return 0;                                                                \
		skb = (void *)ctx[position];                                                     \
		__builtin_memset(&lineage, 0, sizeof(lineage));                                  \
		if (!identify(untyped((__u64)skb), &lineage))                                    \
			return 0;                                                                \
		submit_event(ctx, skb, NUMBER(FUNCTION_INDEX_PLACEHOLDER), ENTRY, &lineage);     \
		return 0;                                                                        \
	}

FENTRY(0)
FENTRY(1)
FENTRY(2)
FENTRY(3)
FENTRY(4)

/*
 * Both programs of a call get the same copy of its arguments, on the stack of the call. (The verifier of
 * 5.10 takes no pointer in a key, only a plain number, which this pointer becomes when it is read.)
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
		struct lineage lineage;                                                          \
		struct sk_buff *skb;                                                             \
		__u32 function;                                                                  \
                                                                                                 \
		if (!IS_WANTED_BY_FENTRY(position) || !ipft_state.active)                        \
			return 0;                                                                \
		skb = (void *)ctx[position];                                                     \
		__builtin_memset(&lineage, 0, sizeof(lineage));                                  \
		if (!identify(untyped((__u64)skb), &lineage))                                    \
			return 0;                                                                \
		function = NUMBER(FUNCTION_INDEX_PLACEHOLDER);                                   \
		if (submit_event(ctx, skb, function, ENTRY_OF_CALL, &lineage))                   \
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
	struct lineage unknown = {};
	__u32 function;
	void *skb;

	if (!has_open_calls())
		return 0;
	function = NUMBER(FUNCTION_INDEX_PLACEHOLDER);
	skb = close_call(address_of(ctx), function);
	if (skb)
		submit_event(ctx, skb, function, RETURN, &unknown);
	return 0;
}

/* Not earlier: ipft_filter comes where it is first called, and after the functions above. */
#include "probes/verdicts.h"

DEFINE_FILTER

char ipft_license[] SEC("license") = "Dual BSD/GPL";
