/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An extension from before ipft had a header: with its own macros, and a hidden module(). */
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>

#define __skipped __attribute__((section("__ipft_skip")))
#define __tag(text) __attribute__((btf_decl_tag(text)))

enum {
	host,
	broadcast,
	multicast,
	otherhost,
	outgoing,
	loopback,
} packet_types __skipped;

struct data {
	unsigned int len;
	__u32 mark __tag("ipft:fmt:hex");
	__u8 pkt_type __tag("ipft:fmt:enum:packet_types");
} __ipft_event_struct __skipped;

/* A part of the kernel's struct. CO-RE finds the members by name. */
struct sk_buff {
	unsigned int len;
	__u32 mark;
};

__hidden int module(void *ctx, struct sk_buff *skb, __u8 data[64])
{
	struct data *event = (struct data *)data;

	event->len = BPF_CORE_READ(skb, len);
	event->mark = BPF_CORE_READ(skb, mark);
	event->pkt_type = outgoing;
	return 0;
}
