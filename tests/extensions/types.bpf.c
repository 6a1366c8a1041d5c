/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An event of every type that ipft shows without a tag. Its values do not depend on the packet. */
#include <stdbool.h>

#include <ipft.h>

enum color {
	RED = 1,
	GREEN = 2,
	NO_COLOR = -1,
};

struct event {
	__u64 u64;
	__s64 s64;
	__u32 u32;
	__s32 s32;
	__u16 u16;
	__s16 s16;
	__u8 u8;
	__s8 s8;
	bool truth;
	char letter;
	char name[8];
	enum color color;
	unsigned int three : 3;
	int five : 5;
	bool bit : 1;
	enum color hue : 3;
	unsigned int twenty : 20;
	const void *pointer;
	volatile __s16 pair[2];
	union {
		__u32 word;
		__u8 bytes[4];
	};
} __ipft_event_struct;

int module(void *ctx, struct sk_buff *skb, __u8 data[64])
{
	struct event *event = (void *)data;

	event->u64 = 0xffffffffffffffff;
	event->s64 = -9007199254740992; /* -2^53 */
	event->u32 = 0xffffffff;
	event->s32 = -2147483647 - 1;
	event->u16 = 0xffff;
	event->s16 = -32768;
	event->u8 = 255;
	event->s8 = -128;
	event->truth = true;
	event->letter = 'x';
	__builtin_memcpy(event->name, "ab\"\x1b", 5);
	event->color = NO_COLOR;
	event->three = 5;
	event->five = -16;
	event->bit = true;
	event->hue = GREEN;
	event->twenty = 0xfffff;
	event->pointer = (void *)0x1000;
	event->pair[0] = -1;
	event->pair[1] = 2;
	event->word = 0x04030201;
	return 0;
}
