/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Segmentation offload: into how many packets, of which size, a device will cut an skb.
 *
 * Run:     sudo ipft -m 1234 -e examples/bpf/gso/gso.bpf.c
 * Packets: much data over TCP, with that mark (docs/marking.md)
 * Output:  Timestamp   CPU Packet Module  Function
 *          68594140117   0      1 vmlinux ip_output ( gso_type: TCPV4 gso_size: 1448 gso_segs: 4 frags: 1 )
 *          With -o json, on each line: "gso_type":["TCPV4"],"gso_size":1448,"gso_segs":4,"frags":1
 *          All are 0 once the packet's data has been freed.
 */
#include <ipft.h>

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

/* SKB_GSO_* of include/linux/skbuff.h. A bit without a name here is shown as a number. */
enum {
	TCPV4 = 1 << 0,
	DODGY = 1 << 1,
	TCP_ECN = 1 << 2,
	TCP_FIXEDID = 1 << 3, /* newer kernels: bit 30, and 31 for the inner header of a tunnel */
	TCPV6 = 1 << 4,
	FCOE = 1 << 5,
	GRE = 1 << 6,
	GRE_CSUM = 1 << 7,
	IPXIP4 = 1 << 8,
	IPXIP6 = 1 << 9,
	UDP_TUNNEL = 1 << 10,
	UDP_TUNNEL_CSUM = 1 << 11,
	PARTIAL = 1 << 12,
	TUNNEL_REMCSUM = 1 << 13,
	SCTP = 1 << 14,
	ESP = 1 << 15,
	UDP = 1 << 16,
	UDP_L4 = 1 << 17,
	FRAGLIST = 1 << 18,
	TCP_ACCECN = 1 << 19,
} __ipft_ref(gso_types);

struct event {
	__u32 gso_type __ipft_fmt_enum_flags(gso_types);
	__u16 gso_size;
	__u16 gso_segs;
	__u8 frags;
} __ipft_event_struct;

int module(void *ctx, struct sk_buff *skb, __u8 data[64])
{
	struct event *event = (void *)data;
	struct skb_shared_info *shared;

	if (ipft_is_freed(ctx))
		return 0;
	/* skb_shinfo() of include/linux/skbuff.h */
	shared = (void *)BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, end);
	event->gso_type = BPF_CORE_READ(shared, gso_type);
	event->gso_size = BPF_CORE_READ(shared, gso_size);
	event->gso_segs = BPF_CORE_READ(shared, gso_segs);
	event->frags = BPF_CORE_READ(shared, nr_frags);
	return 0;
}
