/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An event of arrays, structs and odd widths. Its values do not depend on the packet. */
#include <ipft.h>

typedef struct {
	char name[4];
	__u16 port __ipft_fmt_be;
} peer_t;

struct event {
	unsigned __int128 wide;
	peer_t peers[2];
	__u8 matrix[2][3] __ipft_fmt_hex;
	char names[2][3];
	struct __attribute__((packed)) {
		__u64 low : 3;
		__u64 across : 40;
		__s64 high : 21;
	} packed;
	__u32 addresses[2] __ipft_fmt_ipv4;
	__u8 none[0];
} __ipft_event_struct;

int module(void *ctx, struct sk_buff *skb, __u8 data[64])
{
	struct event *event = (void *)data;

	event->wide = (unsigned __int128)1 << 100;
	__builtin_memcpy(event->peers[0].name, "one", 3);
	event->peers[0].port = 0x5000;
	__builtin_memcpy(event->peers[1].name, "four", 4);
	event->peers[1].port = 0xbb01;
	__builtin_memcpy(event->matrix, "\1\2\3\4\5\xff", 6);
	__builtin_memcpy(event->names, "ab\0cde", 6);
	event->packed.low = 5;
	event->packed.across = 0xfedcba9876;
	event->packed.high = -3;
	__builtin_memcpy(event->addresses, "\x7f\0\0\1\xff\xff\xff\xff", 8);
	return 0;
}
