// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Evaluates an expression for an skb that user space describes, with the code of traces, where
 * BPF_PROG_TEST_RUN runs it: also on a kernel that is locked down.
 */
#define SECTIONS(X)
#include <bpf/bpf_endian.h>

#include "../../lib/bpf/filter.h"

struct sk_buff___described {
	unsigned int data_len;
	__be16 vlan_proto;
	__u16 vlan_tci;
	__u8 vlan_present : 1; /* before Linux 6.2 */
	__be16 protocol;
	__u16 network_header;
	__u16 mac_header;
	unsigned int tail;
	unsigned char *head;
} __attribute__((preserve_access_index));

#define SKB_BYTES 512

/* What the skb is to say of itself, and its bytes. Mapped by user space: tests/support/expression_runner.ts. */
struct described {
	__u32 network_header;
	__u32 mac_header;
	__u32 protocol; /* in the order of the host */
	__u32 tag; /* 802.1Q, beside the frame: protocol and TCI; 0 for none */
	__u32 tail;
	__u32 in_fragments;
	__u32 result;
	__u32 reserved;
	__u8 skb[SKB_BYTES];
	__u8 memory[4096]; /* where skb->head points to */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct described);
} described SEC(".maps");

/* As a number: a pointer to the value of a map is no pointer to anywhere. */
static __always_inline __u64 address_of(void *pointer)
{
	__u64 address;

	bpf_probe_read_kernel(&address, sizeof(address), &pointer);
	return address;
}

#define SET(type, member, value)                                                                 \
	(*(type *)(it->skb + bpf_core_field_offset(struct sk_buff___described, member)) = (value))

SEC("tc") int run(struct __sk_buff *context)
{
	__u32 zero = 0;
	struct described *it = bpf_map_lookup_elem(&described, &zero);

	if (!it)
		return 0;
	SET(__u16, network_header, it->network_header);
	SET(__u16, mac_header, it->mac_header);
	SET(__u16, protocol, bpf_htons(it->protocol));
	SET(__u16, vlan_proto, bpf_htons(it->tag >> 16));
	SET(__u16, vlan_tci, it->tag);
	if (bpf_core_field_exists(struct sk_buff___described, vlan_present))
		SET(__u8, vlan_present, it->tag != 0); /* the lowest bit of its byte */
	SET(__u32, tail, it->tail);
	SET(__u32, data_len, it->in_fragments);
	SET(__u64, head, address_of(it->memory));
	it->result = ipft_filter((void *)address_of(it->skb));
	return 0;
}

DEFINE_FILTER

char runner_license[] SEC("license") = "Dual BSD/GPL";
