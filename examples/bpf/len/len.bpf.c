/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long the packet is in each function, including the headers that it has there.
 *
 * Run:     sudo ipft -m 1234 -e examples/bpf/len/len.bpf.c
 * Packets: ping -c 1 -m 1234 127.0.0.1
 * Output:  Timestamp   CPU Packet Module  Function
 *          21435723994   0      1 vmlinux ip_output ( len: 84 data_len: 0 protocol: 0x800 )
 *          …
 *          21441516422   0      1 vmlinux __dev_queue_xmit ( len: 98 data_len: 0 protocol: 0x800 )
 *          With -o json, on each line: "len":84,"data_len":0,"protocol":2048
 */
#include <ipft.h>

/* The fields that are read. CO-RE finds them by name on the running kernel. */
struct sk_buff {
	__u32 len;
	__u32 data_len;
	__be16 protocol;
} __attribute__((preserve_access_index));

struct event {
	__u32 len;
	__u32 data_len; /* how many of these are outside the skb's linear part */
	__be16 protocol __ipft_fmt_be __ipft_fmt_hex; /* ETH_P_* of linux/if_ether.h; 0 if not set yet */
} __ipft_event_struct;

int module(void *ctx, struct sk_buff *skb, __u8 data[64])
{
	struct event *event = (void *)data;

	event->len = BPF_CORE_READ(skb, len);
	event->data_len = BPF_CORE_READ(skb, data_len);
	event->protocol = BPF_CORE_READ(skb, protocol);
	return 0;
}
