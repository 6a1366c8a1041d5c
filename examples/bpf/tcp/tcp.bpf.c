/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The TCP header of the packet: ports, flags, sequence numbers.
 *
 * Run:     sudo ipft -m 1234 -e examples/bpf/tcp/tcp.bpf.c
 * Packets: a TCP connection with that mark (docs/marking.md)
 * Output:  Timestamp   CPU Packet Module  Function
 *          68594140117   0      1 vmlinux ip_output ( sport: 41234 dport: 80 flags: SYN seq: … ack: 0 … )
 *          68594203388   0      2 vmlinux ip_output ( sport: 80 dport: 41234 flags: SYN|ACK seq: … )
 *          With -o json, on each line: "sport":80,"dport":41234,"flags":["SYN","ACK"],"seq":…
 *          All are 0 if there is no TCP header (other protocols, fragments but the first), not yet
 *          (no IP header) or not any more (data freed), and behind IPv6 extension headers.
 */
#include <ipft.h>

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include <bpf/bpf_endian.h>

/* The fields that are read. CO-RE finds them by name on the running kernel. */
struct sk_buff {
	unsigned char *head;
	__u32 tail; /* an offset from head on all 64-bit kernels; the next one is on all kernels */
	__u16 network_header;
} __attribute__((preserve_access_index));

/* Byte 13 of the header, RFC 9293 */
enum {
	FIN = 1 << 0,
	SYN = 1 << 1,
	RST = 1 << 2,
	PSH = 1 << 3,
	ACK = 1 << 4,
	URG = 1 << 5,
	ECE = 1 << 6,
	CWR = 1 << 7,
} __ipft_ref(tcp_flags);

struct event {
	__be16 sport __ipft_fmt_be;
	__be16 dport __ipft_fmt_be;
	__u8 flags __ipft_fmt_enum_flags(tcp_flags);
	__be32 seq __ipft_fmt_be;
	__be32 ack __ipft_fmt_be;
	__be16 window __ipft_fmt_be; /* as in the packet, not scaled */
} __ipft_event_struct;

#define FLAGS_BYTE 13
#define FRAGMENT_OFFSET 0x1fff

/* Reads from the skb's linear part, head to tail. Returns 0 if not all of it is there. */
static __always_inline int read(struct sk_buff *skb, __u32 offset, void *to, __u32 size_bytes)
{
	return offset + size_bytes <= BPF_CORE_READ(skb, tail) &&
	       bpf_probe_read_kernel(to, size_bytes, BPF_CORE_READ(skb, head) + offset) == 0;
}

/*
 * Returns the offset of the TCP header from head; 0 if there is none. It follows the IP header: on the
 * way in, skb->transport_header is wrong until ip_rcv() has run.
 */
static __always_inline __u32 tcp_offset(struct sk_buff *skb)
{
	__u32 offset = BPF_CORE_READ(skb, network_header);
	struct ipv6hdr ip6;
	struct iphdr ip;

	/* alloc_skb leaves 0 there. A real header has room for others in front of it. */
	if (offset == 0 || !read(skb, offset, &ip, sizeof(ip)))
		return 0;
	if (ip.version == 4 && ip.protocol == IPPROTO_TCP &&
	    !(ip.frag_off & bpf_htons(FRAGMENT_OFFSET)))
		return offset + ip.ihl * 4;
	if (ip.version == 6 && read(skb, offset, &ip6, sizeof(ip6)) && ip6.nexthdr == IPPROTO_TCP)
		return offset + sizeof(ip6);
	return 0;
}

int module(void *ctx, struct sk_buff *skb, __u8 data[64])
{
	struct event *event = (void *)data;
	struct tcphdr tcp;
	__u32 offset;

	if (ipft_is_freed(ctx))
		return 0;
	offset = tcp_offset(skb);
	if (!offset || !read(skb, offset, &tcp, sizeof(tcp)))
		return 0;
	event->sport = tcp.source;
	event->dport = tcp.dest;
	event->flags = ((__u8 *)&tcp)[FLAGS_BYTE];
	event->seq = tcp.seq;
	event->ack = tcp.ack_seq;
	event->window = tcp.window;
	return 0;
}
