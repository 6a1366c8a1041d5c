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
	unsigned int end;
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
	__u32 end; /* where struct skb_shared_info is in the memory */
	struct {
		__u32 page; /* where it has the page, the length and the offset of its first fragment */
		__u32 length;
		__u32 offset;
		__u32 struct_shift; /* binary logarithm of the size of a struct page */
		__u64 vmemmap_base; /* addresses of the kernel's variables; 0: there is no fragment */
		__u64 page_offset_base;
	} shared;
	__u8 skb[SKB_BYTES];
	__u8 memory[4096]; /* where skb->head points to */
	__u8 fragment[4096];
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

static __always_inline __u64 variable(__u64 address)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), (void *)address);
	return value;
}

/* Describes the fragment: a page that would be at the address of the bytes, if they were a page's. */
static __always_inline void describe_fragment(struct described *it)
{
	__u64 address = address_of(it->fragment), page;

	page = address - variable(it->shared.page_offset_base);
	page = (page >> 12 << (it->shared.struct_shift & 63)) + variable(it->shared.vmemmap_base);
	*(__u64 *)&it->memory[(it->end + it->shared.page) & 0xff8] = page;
	*(__u32 *)&it->memory[(it->end + it->shared.offset) & 0xffc] = address & 0xfff;
	*(__u32 *)&it->memory[(it->end + it->shared.length) & 0xffc] = it->in_fragments;
}

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
	SET(__u32, end, it->end);
	SET(__u32, data_len, it->in_fragments);
	if (it->shared.vmemmap_base)
		describe_fragment(it);
	SET(__u64, head, address_of(it->memory));
	it->result = ipft_filter((void *)address_of(it->skb));
	return 0;
}

DEFINE_FILTER

char runner_license[] SEC("license") = "Dual BSD/GPL";
