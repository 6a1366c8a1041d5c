/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Run:     sudo ipft -m 1234 -e THIS_FILE.c
 * Packets: ping -m 1234 192.0.2.1
 * Object:  for machines without clang, with -e THIS_FILE.o: ipft --gen bpf-module-header > ipft.h
 *          clang -target bpf -O2 -g -I. -I/usr/include/$(uname -m)-linux-gnu -c THIS_FILE.c
 * Manual:  docs/extensions.md
 */
#include <ipft.h>

/* Shown at the end of each line: ( len: 84 mark: 0x4d2 protocol: 0x800 ). Up to 64 bytes. */
struct event {
	__u32 len;
	__u32 mark __ipft_fmt_hex;
	__u16 protocol __ipft_fmt_be __ipft_fmt_hex; /* network byte order, as in the packet */
} __ipft_event_struct;

/* The members that are read, in any order: CO-RE finds them by name in the kernel's struct. */
struct sk_buff {
	__u32 len;
	__u32 mark;
	__u16 protocol;
} __attribute__((preserve_access_index));

/* Runs in the kernel, for each function that the packet goes through. */
int module(void *ctx, struct sk_buff *skb, __u8 data[64])
{
	struct event *event = (void *)data; /* all zeros */

	event->len = BPF_CORE_READ(skb, len);
	event->mark = BPF_CORE_READ(skb, mark);
	event->protocol = BPF_CORE_READ(skb, protocol);
	return 0; /* anything else drops the event */
}
