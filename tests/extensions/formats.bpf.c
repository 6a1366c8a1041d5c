/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An event whose members have every tag. Its values do not depend on the packet. */
#include <ipft.h>

enum {
	ESTABLISHED = 1,
	LISTEN = 10,
} __ipft_ref(states);

enum {
	FIN = 1,
	SYN = 2,
	ACK = 16,
	SYN_ACK = 18,
} __ipft_ref(tcp_flags);

extern const void ip_rcv __ksym;

struct address {
	__u8 bytes[16];
};

struct event {
	__u32 ipv4 __ipft_fmt_ipv4;
	__u8 mac[6] __ipft_fmt_mac;
	__u16 port __ipft_fmt_be;
	struct address ipv6 __ipft_fmt_ipv6;
	__s32 hex __ipft_fmt_hex;
	__u16 flags __ipft_fmt_enum_flags(tcp_flags);
	__u8 state __ipft_fmt_enum(states);
	char dec __ipft_fmt_dec;
	__u16 ports[2] __ipft_fmt_be;
	__u64 symbol __ipft_fmt_symbol;
	__u16 protocol __ipft_fmt_be __ipft_fmt_hex;
	struct {
		__u8 ttl;
		__u8 tos __ipft_fmt_hex;
	} ip;
	__u8 other_state __ipft_fmt_enum(states);
	__u16 more_flags __ipft_fmt_enum_flags(tcp_flags);
} __ipft_event_struct;

int module(void *ctx, struct sk_buff *skb, __u8 data[64])
{
	struct event *event = (void *)data;

	__builtin_memcpy(&event->ipv4, "\xc0\0\2\1", 4);
	__builtin_memcpy(event->mac, "\x52\x54\0\x12\x34\x56", 6);
	event->port = 0x5000; /* 80 in network byte order */
	__builtin_memcpy(event->ipv6.bytes, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	event->hex = -2;
	event->flags = 16 | 1;
	event->state = LISTEN;
	event->dec = 'A';
	event->ports[0] = 0x5000;
	event->ports[1] = 0xbb01; /* 443 */
	event->symbol = (__u64)&ip_rcv + 4;
	event->protocol = 0x0008; /* ETH_P_IP */
	event->ip.ttl = 64;
	event->ip.tos = 0x10;
	event->other_state = 7;
	event->more_flags = 0x112;
	return 0;
}
