// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Has a name that is the tracer's. */
#include <linux/types.h>

struct sk_buff;

int ipft_state;

int module(void *ctx, struct sk_buff *skb, __u8 data[64])
{
	return ipft_state;
}
