/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why the kernel dropped a packet, shown at the functions that take the reason as an argument.
 * drop_reason.lua says how to build and run it.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct sk_buff;

/*
 * Functions of the kernel that take a reason. The address is 0 if the kernel has no such function: there
 * is none before 5.17, and 6.11 replaced the first with the last.
 */
extern const void kfree_skb_reason __ksym __weak; /* (skb, reason) */
extern const void kfree_skb_list_reason __ksym __weak; /* (skb, reason) */
extern const void sk_skb_reason_drop __ksym __weak; /* (sk, skb, reason) */

/*
 * The kernel's own names, because the numbers differ between kernels. Newer kernels have an array of
 * lists, indexed by the upper half of the reason; older ones have one list.
 */
extern const void drop_reasons_by_subsys __ksym __weak;
extern const void drop_reasons __ksym __weak;

struct drop_reason_list {
	const char *const *reasons;
	unsigned long n_reasons;
} __attribute__((preserve_access_index));

enum skb_drop_reason {
	SKB_DROP_REASON_MAX = 1, /* CO-RE replaces this and the next value by the running kernel's */
};

enum skb_drop_reason_subsys {
	SKB_DROP_REASON_SUBSYS_NUM = 1,
};

/* The kernel's struct on x86. */
struct pt_regs {
	unsigned long dx;
	unsigned long si;
	unsigned long ip;
} __attribute__((preserve_access_index));

/* drop_reason.lua reads it as "=I4z". */
struct drop {
	__u32 reason; /* 0 if the function takes none */
	char name[60]; /* empty if the kernel has none */
};

/* A probe at a function's entry is up to this far behind its address: an endbr64 and a call. */
#define ENTRY_BYTES 16

static __always_inline int is_entry(__u64 address, __u64 function)
{
	return function && address - function < ENTRY_BYTES;
}

/*
 * Reads the reason, which is the function's last argument. With kprobe and kprobe-multi, ctx is a struct
 * pt_regs whose ip is in this function. With ftrace, it is an array of the arguments.
 */
static __always_inline __u32 read_reason(void *ctx, __u64 function, int position)
{
	struct pt_regs *registers = ctx;
	__u64 *arguments = ctx, argument = 0;

	if (is_entry(BPF_CORE_READ(registers, ip), function))
		return position == 1 ? BPF_CORE_READ(registers, si) : BPF_CORE_READ(registers, dx);
	bpf_probe_read_kernel(&argument, sizeof(argument), arguments + position);
	return argument;
}

static __always_inline void read_name(struct drop *drop)
{
	const char *const *names = NULL, *name;
	const struct drop_reason_list *const *lists = &drop_reasons_by_subsys, *list;
	__u32 subsystem = drop->reason >> 16, number = drop->reason & 0xffff;

	if (lists) {
		if (subsystem >= bpf_core_enum_value(enum skb_drop_reason_subsys,
						     SKB_DROP_REASON_SUBSYS_NUM))
			return;
		bpf_probe_read_kernel(&list, sizeof(list), lists + subsystem);
		if (number < BPF_CORE_READ(list, n_reasons))
			names = BPF_CORE_READ(list, reasons);
	} else if (drop->reason < bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_MAX)) {
		names = &drop_reasons;
	}
	if (!names)
		return;
	bpf_probe_read_kernel(&name, sizeof(name), names + number);
	bpf_probe_read_kernel_str(drop->name, sizeof(drop->name), name);
}

int module(void *ctx, struct sk_buff *skb, __u8 data[64])
{
	struct drop *drop = (void *)data;
	__u64 function;

	/* Kernels without bpf_get_func_ip skip it: the verifier sees that it cannot be reached there. */
	if (!&kfree_skb_reason && !&sk_skb_reason_drop)
		return 0;
	function = bpf_get_func_ip(ctx);
	if (is_entry(function, (__u64)&sk_skb_reason_drop))
		drop->reason = read_reason(ctx, function, 2);
	else if (is_entry(function, (__u64)&kfree_skb_reason) ||
		 is_entry(function, (__u64)&kfree_skb_list_reason))
		drop->reason = read_reason(ctx, function, 1);
	else
		return 0;
	read_name(drop);
	return 0;
}
