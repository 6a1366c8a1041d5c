/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The packets that are followed: from the first function in which one matches, or in which it comes out of
 * another one, to the one that frees it (probes/packet_ends.h), whatever changes in between.
 *
 * Each hash of an address has a home for one packet, which programs read in place. Others with the same hash
 * are in a hash map, which takes a call. A miss looks at one number: how many packets have its hash.
 */
#ifndef IPFT_TRACKED_H
#define IPFT_TRACKED_H

#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include "counters.h"
#include "number.h"

#define FOLLOWS_PLACEHOLDER 0x1bf7f010 /* 1 if the trace follows packets */
#define FETCH_ADD_PLACEHOLDER 0x1bf7fadd /* an atomic addition that returns what was there */
#define HAS_FETCH_ADD_PLACEHOLDER 0x1bf7fade /* 1 where the kernel has it (Linux 5.12) */

/* How a packet came to be followed: ORIGINS in lib/event/lineage.ts, which says more. */
enum origin {
	MATCHED,
	COPY_OF,
	SEGMENT_OF,
	FRAGMENT_OF,
	SPLIT_FROM,
	TAP_OF,
	MERGE_OF,
	MERGED_INTO,
};

/* Which packet an event is about: LINEAGE in lib/event/lineage.ts. */
struct lineage {
	__u32 packet;
	__u32 relative;
	__u32 journey;
	__u8 origin;
};

#define lineage_placeholder 0x1bf7f011

/* What is going on with the skb. */
enum stage {
	IN_USE,
	SEGMENTED, /* within skb_segment() */
	MORPHED, /* within skb_morph(), which gives it another's content and no other memory */
	RELEASED, /* what it refers to is given back, so its memory will be soon */
};

struct tracked {
	__u32 packet; /* its number; 0 while it is being admitted */
	__u32 relative;
	__u32 journey;
	__u32 target; /* what its data was merged into, or 0 */
	__u8 origin;
	__u8 stage;
	__u16 nothing;
};

#define HOME_BITS 14

struct home {
	__u64 skb; /* of the packet that is here; 0 for none */
	__u32 packets; /* that have this hash: the one here and those in the map */
	struct tracked tracked;
} __attribute__((aligned(64)));

volatile struct home ipft_homes[1 << HOME_BITS];

#define HAS_HOMES_PLACEHOLDER 0x1bf7f012 /* 0 if there is to be less room than in all homes */

/* User space sets the size. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64); /* the address of the skb */
	__type(value, struct tracked);
} ipft_tracked SEC(".maps");

/* Before Linux 5.12: which of the number sequences are in use. A key that exists is a lock that is held. */
#define SEQUENCES 4
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SEQUENCES);
	__type(key, __u32);
	__type(value, __u32); /* means nothing */
} ipft_locks SEC(".maps");

/*
 * Returns a pointer that the verifier knows the type of as a plain number: the arguments of fentry programs are
 * such pointers, and it allows neither to calculate with them nor to use them as keys. It allows to subtract one
 * pointer from another, which makes a number of them, and to write one to memory.
 */
static __always_inline __u64 untyped(__u64 pointer)
{
	if (!ipft_state.address)
		ipft_state.address = (__u64)&ipft_state;
	asm volatile("%0 -= %1" : "+r"(pointer) : "r"(&ipft_state));
	return pointer + ipft_state.address;
}

static __always_inline volatile struct home *home_of(__u64 skb)
{
	/* skbs begin at multiples of 64. */
	__u32 hash = (__u32)(skb >> 6) * 0x9e3779b1;

	return &ipft_homes[hash >> (32 - HOME_BITS)];
}

/* Whether the skb may be followed. Nobody pays for more than a load before the first packet is. */
static __always_inline int may_be_followed(__u64 skb)
{
	return ipft_state.has_followed && home_of(skb)->packets;
}

static __always_inline struct tracked *find_tracked(__u64 skb)
{
	volatile struct home *home = home_of(skb);

	if (!home->packets)
		return NULL;
	if (home->skb == skb)
		return (struct tracked *)&home->tracked;
	if (home->skb && home->packets == 1)
		return NULL;
	return bpf_map_lookup_elem(&ipft_tracked, &skb);
}

/*
 * Returns the number of the next packet; 0 if there is none now. Without atomic addition, each sequence is
 * locked while it is counted up. Whoever has interrupted the owner of a lock, or runs on another CPU, takes
 * another sequence, which gives other numbers.
 */
static __always_inline __u32 next_packet(void)
{
	if (NUMBER(HAS_FETCH_ADD_PLACEHOLDER)) {
		__u64 before;

		asm volatile("r1 = %1; r0 = 1; r2 = %2; %0 = r0"
			     : "=r"(before)
			     : "r"(&ipft_state.packets[0]), "i"(FETCH_ADD_PLACEHOLDER)
			     : "r0", "r1", "r2", "memory");
		return (__u32)before + 1;
	}
	for (__u32 i = 0; i < SEQUENCES; i++) {
		__u32 sequence = i, number;

		if (bpf_map_update_elem(&ipft_locks, &sequence, &sequence, BPF_NOEXIST))
			continue;
		number = ++ipft_state.packets[i & (SEQUENCES - 1)];
		bpf_map_delete_elem(&ipft_locks, &sequence);
		return number + (i << 30);
	}
	return 0;
}

static __always_inline void count_followed(volatile struct home *home, int packets)
{
	__sync_fetch_and_add(&home->packets, packets);
	__sync_fetch_and_add(&counters_of(bpf_get_smp_processor_id())->followed, packets);
}

/* Makes room for a packet. Returns NULL if there is none. */
static __always_inline struct tracked *make_room(volatile struct home *home, __u64 skb)
{
	struct tracked nothing = {};

	/* Whoever has counted its packet before this, or does so meanwhile, sees that it is not alone. */
	if (NUMBER(HAS_HOMES_PLACEHOLDER) && home->packets == 1 && !home->skb) {
		home->tracked.packet = 0;
		home->skb = skb;
		return (struct tracked *)&home->tracked;
	}
	if (bpf_map_update_elem(&ipft_tracked, &skb, &nothing, BPF_NOEXIST))
		return NULL;
	return bpf_map_lookup_elem(&ipft_tracked, &skb);
}

/*
 * Follows a packet from now on. Returns NULL if there is no room.
 * @journey: 0 for one of its own
 */
static __always_inline struct tracked *follow(__u64 skb, __u32 relative, __u32 journey,
					      enum origin origin)
{
	volatile struct home *home = home_of(skb);
	struct tracked *tracked;
	__u32 packet;

	/* First, so that nobody overlooks it in the map. */
	count_followed(home, 1);
	if (!ipft_state.has_followed)
		ipft_state.has_followed = 1;
	tracked = make_room(home, skb);
	if (!tracked) {
		count_followed(home, -1);
		return find_tracked(skb); /* another CPU may have been faster */
	}
	packet = next_packet();
	tracked->relative = relative;
	tracked->journey = journey ? journey : packet;
	tracked->target = 0;
	tracked->origin = origin;
	tracked->stage = IN_USE;
	barrier();
	tracked->packet = packet;
	return tracked;
}

static __always_inline void forget(__u64 skb)
{
	volatile struct home *home = home_of(skb);
	__u32 packets = 0;

	if (home->skb == skb) {
		home->skb = 0;
		packets++;
	}
	if (home->packets > packets && !bpf_map_delete_elem(&ipft_tracked, &skb))
		packets++;
	if (packets)
		count_followed(home, -(int)packets);
}

#endif
