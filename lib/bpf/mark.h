/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading and comparing skb->mark: all that the programs of tracer.bpf.c do at a miss by mark. */
#ifndef IPFT_MARK_H
#define IPFT_MARK_H

#include <linux/ptrace.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "number.h"

/* The member of the kernel's struct that is read here. CO-RE finds its offset on the running kernel. */
struct sk_buff {
	__u32 mark;
} __attribute__((preserve_access_index));

#define WANTED_MARK_PLACEHOLDER 0x1bf73a2c /* already masked */
#define MARK_MASK_PLACEHOLDER 0x1bf73a5c /* with 0, every mark matches */
#define MARK_READING_PLACEHOLDER 0x1bf73ead /* how to read the mark: one of these */
#define READ_NO_MARK 0
#define READ_BY_CAST 1
#define READ_BY_HELPER 2
#define SK_BUFF_ID_PLACEHOLDER 0x1bf75b0f /* of struct sk_buff, in the kernel's BTF */
#define CAST_PLACEHOLDER 0x1bf7ca57 /* a call of bpf_rdonly_cast */

static __always_inline int matches(__u32 mark)
{
	asm volatile("%0 &= %1" : "+w"(mark) : "i"(MARK_MASK_PLACEHOLDER));
	return mark == WANTED_MARK_PLACEHOLDER;
}

/*
 * Reads the mark; 0 if the filter is not about it. With a typed pointer that is one instruction, which reads zero where there is no memory;
 * the helper takes ten times longer.
 *
 * A hit needs the context after that. In a register that calls leave alone it would be saved at each
 * run, so it waits in r3, stored and loaded right around the cast: the verifier knows since Linux 6.12
 * that r3 outlives it and takes both away (mark_fastcall_patterns() in kernel/bpf/verifier.c, which
 * wants the lowest slot of the stack).
 *
 * @argument: where the skb is in the context, in bytes
 */
static __always_inline __u32 mark_of(struct pt_regs **ctx, long argument)
{
	__u32 reading = NUMBER(MARK_READING_PLACEHOLDER);

	if (reading == READ_BY_CAST) {
		register struct sk_buff *skb asm("r0");
		register struct pt_regs *waiting asm("r3") = *ctx;
		__u32 mark;

		asm volatile("r1 = *(u64 *)(r3 + %2); r2 = %3;"
			     "*(u64 *)(r10 - 16) = r3; r0 = %4; r3 = *(u64 *)(r10 - 16)"
			     : "=r"(skb), "+r"(waiting)
			     : "i"(argument), "i"(SK_BUFF_ID_PLACEHOLDER), "i"(CAST_PLACEHOLDER)
			     : "r1", "r2", "r4", "r5", "memory");
		*ctx = waiting;
		mark = skb->mark;
		barrier_var(mark); /* or clang would merge this read with that of the stack */
		return mark;
	}
	__u32 mark = 0;

	if (reading == READ_BY_HELPER) {
		struct pt_regs *kept; /* in a register that only this branch saves */
		struct sk_buff *skb;

		COPY(kept, *ctx);
		skb = *(void **)((void *)kept + argument);
		bpf_core_read(&mark, sizeof(mark), &skb->mark);
		COPY(*ctx, kept);
	}
	return mark;
}

#endif
