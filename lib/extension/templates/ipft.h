/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For extensions of ipft: docs/extensions.md. Printed by: ipft --gen bpf-module-header */
#ifndef __IPFT_H__
#define __IPFT_H__

#ifndef __VMLINUX_H__ /* it has these types as well */
#include <linux/types.h>
#endif

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>

struct sk_buff; /* an extension declares the members that it reads; CO-RE finds them by name */

/* ipft reads this section; nothing in it gets into the kernel. */
#define __ipft_sec_skip __attribute__((section("__ipft_skip")))

/* Marks the struct that module() writes to data: struct event { ... } __ipft_event_struct; */
#define __ipft_event_struct __ipft_event_struct __ipft_sec_skip

/* Names an enum for __ipft_fmt_enum and __ipft_fmt_enum_flags: enum { ... } __ipft_ref(name); */
#define __ipft_ref(name) name __ipft_sec_skip

/* Say how a member is shown, if its type is not enough: __u32 mark __ipft_fmt_hex; */
#define __ipft_fmt(tag) __attribute__((btf_decl_tag("ipft:fmt:" tag)))
#define __ipft_fmt_hex __ipft_fmt("hex")
#define __ipft_fmt_dec __ipft_fmt("dec")
#define __ipft_fmt_be __ipft_fmt("be") /* in network byte order; combines with another */
#define __ipft_fmt_enum(ref) __ipft_fmt("enum:" #ref)
#define __ipft_fmt_enum_flags(ref) __ipft_fmt("enum_flags:" #ref)
#define __ipft_fmt_ipv4 __ipft_fmt("ipv4")
#define __ipft_fmt_ipv6 __ipft_fmt("ipv6")
#define __ipft_fmt_mac __ipft_fmt("mac")
#define __ipft_fmt_symbol __ipft_fmt("symbol") /* a kernel address */

extern const void kfree_skbmem __ksym __weak;
extern const void napi_skb_cache_put __ksym __weak;

/* Parts of the kernel's own types. */
struct pt_regs___ipft {
	unsigned long ip;
} __attribute__((preserve_access_index));
enum bpf_func_id___ipft {
	BPF_FUNC_get_func_ip___ipft = 173,
};

/*
 * Tells whether the traced function gets an skb whose packet data has been freed: what skb->head points to
 * may belong to another packet by then. The members of the skb itself can still be read.
 */
static __always_inline int ipft_is_freed(void *ctx)
{
	struct pt_regs___ipft *registers = ctx;
	/* Before Linux 5.15 there is no helper, and the backend ftrace has no registers: any number then. */
	__u64 address = bpf_core_enum_value_exists(enum bpf_func_id___ipft, BPF_FUNC_get_func_ip___ipft) ?
				bpf_get_func_ip(ctx) :
				BPF_CORE_READ(registers, ip);
	/* A probe at a function's entry is up to 16 bytes behind its address: an endbr64 and a call. */
	return (&kfree_skbmem && address - (__u64)&kfree_skbmem < 16) ||
	       (&napi_skb_cache_put && address - (__u64)&napi_skb_cache_put < 16);
}

#endif
