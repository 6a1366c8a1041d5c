// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* tc and XDP programs for tests/e2e/programs_test.ts to see. Their names are longer than the kernel keeps. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/types.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* In the network of the test. */
#define HOST(number) bpf_htonl(0x0a4d0000 + (number)) /* 10.77.0.number */

/* Returns the IPv4 header; NULL without one. */
static __always_inline struct iphdr *ip_header(void *data, void *end)
{
	struct ethhdr *ethernet = data;
	struct iphdr *ip = (void *)(ethernet + 1);

	if ((void *)(ip + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP))
		return NULL;
	return ip;
}

/* The mark of a packet is the interface to redirect it to. */
SEC("tc") int tc_program_of_the_test(struct __sk_buff *skb)
{
	struct iphdr *ip = ip_header((void *)(long)skb->data, (void *)(long)skb->data_end);

	if (ip && ip->daddr == HOST(3))
		return TC_ACT_SHOT;
	return ip && skb->mark ? bpf_redirect(skb->mark, 0) : TC_ACT_OK;
}

static __always_inline int unless_from_or_to(struct xdp_md *buffer, __u32 host)
{
	struct iphdr *ip = ip_header((void *)(long)buffer->data, (void *)(long)buffer->data_end);

	return ip && (ip->saddr == host || ip->daddr == host) ? XDP_DROP : XDP_PASS;
}

SEC("xdp/generic") int xdp_program_of_the_test(struct xdp_md *buffer)
{
	return unless_from_or_to(buffer, HOST(4));
}

SEC("xdp/native") int native_program_of_the_test(struct xdp_md *buffer)
{
	return unless_from_or_to(buffer, HOST(5));
}

/* A number that is no verdict. */
SEC("classifier/odd") int odd_program_of_the_test(struct __sk_buff *skb)
{
	return 77;
}

SEC("action") int action_of_the_test(struct __sk_buff *skb)
{
	return TC_ACT_PIPE;
}

/* Not what the kernel takes for a program's own context. */
SEC("classifier/untyped") int untyped_program_of_the_test(void *skb)
{
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
