/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How the packet will be segmented: one skb may become many packets on the wire. gso.lua says how to
 * build and run it.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* The fields that are read. CO-RE finds them by name on the running kernel. */
struct sk_buff {
	unsigned char *head;
	__u32 end; /* an offset from head on all 64-bit kernels */
} __attribute__((preserve_access_index));

struct skb_shared_info {
	__u8 nr_frags;
	__u16 gso_size;
	__u16 gso_segs;
	__u32 gso_type;
} __attribute__((preserve_access_index));

/* gso.lua reads it as "=I4I2I2I1I1". */
struct gso {
	__u32 type;
	__u16 size;
	__u16 segments;
	__u8 fragments;
	__u8 is_there; /* 0 if the packet's data has been freed: nothing above is set then */
};

/*
 * In these functions the packet's data has been freed: what is in its place may belong to another packet.
 * The address is 0 if the kernel has no such function.
 */
extern const void kfree_skbmem __ksym __weak;
extern const void napi_skb_cache_put __ksym __weak;

/* The kernel's struct on x86. */
struct pt_regs {
	unsigned long ip;
} __attribute__((preserve_access_index));

/* A probe at a function's entry is up to this far behind its address: an endbr64 and a call. */
#define ENTRY_BYTES 16

static __always_inline int is_freed(void *ctx)
{
	struct pt_regs *registers = ctx;
	/* Before 5.15 there is no helper, and with ftrace there are no registers: any number then. */
	__u64 address = bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_func_ip) ?
				bpf_get_func_ip(ctx) :
				BPF_CORE_READ(registers, ip);

	return (&kfree_skbmem && address - (__u64)&kfree_skbmem < ENTRY_BYTES) ||
	       (&napi_skb_cache_put && address - (__u64)&napi_skb_cache_put < ENTRY_BYTES);
}

int module(void *ctx, struct sk_buff *skb, __u8 data[64])
{
	struct gso *gso = (void *)data;
	struct skb_shared_info *shared;

	if (is_freed(ctx))
		return 0;
	/* skb_shinfo() of include/linux/skbuff.h */
	shared = (void *)BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, end);
	gso->is_there = 1;
	gso->type = BPF_CORE_READ(shared, gso_type);
	gso->size = BPF_CORE_READ(shared, gso_size);
	gso->segments = BPF_CORE_READ(shared, gso_segs);
	gso->fragments = BPF_CORE_READ(shared, nr_frags);
	return 0;
}
