/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Addresses, ports and protocol of the packet, as far as it has headers yet.
 * five_tuple.lua says how to build and run it.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* The fields that are read. CO-RE finds them by name on the running kernel. */
struct sk_buff {
	unsigned char *head;
	__u32 tail; /* an offset from head on all 64-bit kernels; the next one is on all kernels */
	__u16 network_header;
} __attribute__((preserve_access_index));

/* five_tuple.lua reads it as ">BBBxI2I2c16c16". Ports and addresses are as on the wire. */
struct five_tuple {
	__u8 version; /* of IP; 0 if there is no header: nothing below is set then */
	__u8 protocol;
	__u8 has_ports;
	__u8 unused;
	__be16 source_port;
	__be16 destination_port;
	__u8 source[16]; /* the first four for IPv4 */
	__u8 destination[16];
};

/*
 * In these functions the packet's data has been freed: what is in its place may belong to another packet.
 * The address is 0 if the kernel has no such function.
 */
extern const void kfree_skbmem __ksym __weak;
extern const void napi_skb_cache_put __ksym __weak;

/* The kernel's struct on x86. */
struct pt_regs {
	unsigned long ip;
} __attribute__((preserve_access_index));

/* A probe at a function's entry is up to this far behind its address: an endbr64 and a call. */
#define ENTRY_BYTES 16

static __always_inline int is_freed(void *ctx)
{
	struct pt_regs *registers = ctx;
	/* Before 5.15 there is no helper, and with ftrace there are no registers: any number then. */
	__u64 address = bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_func_ip) ?
				bpf_get_func_ip(ctx) :
				BPF_CORE_READ(registers, ip);

	return (&kfree_skbmem && address - (__u64)&kfree_skbmem < ENTRY_BYTES) ||
	       (&napi_skb_cache_put && address - (__u64)&napi_skb_cache_put < ENTRY_BYTES);
}

/* RFC 791, RFC 8200 */
struct ipv4 {
	__u8 version_and_length;
	__u8 service;
	__be16 total_length;
	__be16 id;
	__be16 fragment;
	__u8 ttl;
	__u8 protocol;
	__be16 checksum;
	__u8 source[4];
	__u8 destination[4];
};

struct ipv6 {
	__be32 version_and_flow;
	__be16 payload_length;
	__u8 next_header;
	__u8 hop_limit;
	__u8 source[16];
	__u8 destination[16];
};

#define FRAGMENT_OFFSET_IPV4 0x1fff
#define FRAGMENT_OFFSET_IPV6 0xfff8

/* https://www.iana.org/assignments/protocol-numbers */
enum protocol {
	HOP_BY_HOP = 0,
	TCP = 6,
	UDP = 17,
	DCCP = 33,
	ROUTING = 43,
	FRAGMENT = 44,
	AUTHENTICATION = 51,
	DESTINATION_OPTIONS = 60,
	SCTP = 132,
	UDP_LITE = 136,
};

/* The linear part of the packet: skb->head up to skb->tail. */
struct linear {
	unsigned char *head;
	__u32 tail;
};

/* Returns 0 if not all of it is there. */
static __always_inline int read(struct linear *linear, __u32 offset, void *to, __u32 size_bytes)
{
	return offset + size_bytes <= linear->tail &&
	       bpf_probe_read_kernel(to, size_bytes, linear->head + offset) == 0;
}

static __always_inline void read_ports(struct linear *linear, __u32 offset, struct five_tuple *to)
{
	switch (to->protocol) {
	case TCP:
	case UDP:
	case DCCP:
	case SCTP:
	case UDP_LITE:
		/* All of these begin with both ports. */
		to->has_ports = read(linear, offset, &to->source_port, 2 * sizeof(__be16));
	}
}

static __always_inline void read_ipv4(struct linear *linear, __u32 offset, struct five_tuple *to)
{
	struct ipv4 ip;
	__u32 header_bytes;

	if (!read(linear, offset, &ip, sizeof(ip)))
		return;
	header_bytes = (ip.version_and_length & 0xf) * 4;
	if (header_bytes < sizeof(ip))
		return;
	to->version = 4;
	to->protocol = ip.protocol;
	__builtin_memcpy(to->source, ip.source, sizeof(ip.source));
	__builtin_memcpy(to->destination, ip.destination, sizeof(ip.destination));
	if (!(ip.fragment & bpf_htons(FRAGMENT_OFFSET_IPV4)))
		read_ports(linear, offset + header_bytes, to);
}

/* More extension headers than any real packet has. */
#define MAX_EXTENSIONS 6

static __always_inline void read_ipv6(struct linear *linear, __u32 offset, struct five_tuple *to)
{
	struct ipv6 ip;

	if (!read(linear, offset, &ip, sizeof(ip)))
		return;
	to->version = 6;
	to->protocol = ip.next_header;
	__builtin_memcpy(to->source, ip.source, sizeof(ip.source));
	__builtin_memcpy(to->destination, ip.destination, sizeof(ip.destination));
	offset += sizeof(ip);
	for (int i = 0; i < MAX_EXTENSIONS; i++) {
		struct {
			__u8 next_header;
			__u8 length;
			__be16 fragment;
		} extension;
		__u32 extension_bytes;

		switch (to->protocol) {
		case HOP_BY_HOP:
		case ROUTING:
		case FRAGMENT:
		case AUTHENTICATION:
		case DESTINATION_OPTIONS:
			break;
		default:
			return read_ports(linear, offset, to);
		}
		if (!read(linear, offset, &extension, sizeof(extension)))
			return;
		extension_bytes = (extension.length + 1) * 8;
		if (to->protocol == AUTHENTICATION)
			extension_bytes = (extension.length + 2) * 4;
		if (to->protocol == FRAGMENT) {
			extension_bytes = 8;
			if (extension.fragment & bpf_htons(FRAGMENT_OFFSET_IPV6)) {
				to->protocol = extension.next_header;
				return;
			}
		}
		to->protocol = extension.next_header;
		offset += extension_bytes;
	}
}

int module(void *ctx, struct sk_buff *skb, __u8 data[64])
{
	struct linear linear = {
		.head = BPF_CORE_READ(skb, head),
		.tail = BPF_CORE_READ(skb, tail),
	};
	/*
	 * Clones of an skb share what is between head and end, but each has its own offsets: if
	 * this one has none, the header belongs to another. alloc_skb leaves 0 there; a real
	 * header has room for others in front of it.
	 */
	__u32 offset = BPF_CORE_READ(skb, network_header);
	__u8 version;

	if (is_freed(ctx) || offset == 0 || !read(&linear, offset, &version, sizeof(version)))
		return 0;
	version >>= 4;
	if (version == 4)
		read_ipv4(&linear, offset, (void *)data);
	else if (version == 6)
		read_ipv6(&linear, offset, (void *)data);
	return 0;
}
