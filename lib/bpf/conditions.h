/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The conditions on where a packet is and whose it is: --netns, --ifname, --cgroup, --pid, --comm. */
#ifndef IPFT_CONDITIONS_H
#define IPFT_CONDITIONS_H

#include <linux/types.h>

#include "number.h"
#include "read.h"
#include "sockets.h"

/* What packets must meet (lib/filter/conditions.ts); 0 in place of each for no condition. */
#define NETNS_PLACEHOLDER 0x1bf7e700
#define CGROUP_LOW_PLACEHOLDER 0x1bf7c600 /* the lower half of its id */
#define CGROUP_HIGH_PLACEHOLDER 0x1bf7c601
#define IFNAME_WORD0_PLACEHOLDER 0x1bf71f00 /* four bytes of the name each */
#define IFNAME_WORD1_PLACEHOLDER 0x1bf71f01
#define IFNAME_WORD2_PLACEHOLDER 0x1bf71f02
#define IFNAME_WORD3_PLACEHOLDER 0x1bf71f03
#define IFNAME_MASK0_PLACEHOLDER 0x1bf71f10 /* those of them that are compared */
#define IFNAME_MASK1_PLACEHOLDER 0x1bf71f11
#define IFNAME_MASK2_PLACEHOLDER 0x1bf71f12
#define IFNAME_MASK3_PLACEHOLDER 0x1bf71f13
#define OF_PROCESS_PLACEHOLDER 0x1bf7b0cf /* 1: it belongs to one of ipft_sockets */

/* The members of the kernel's structs that are read here. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct net___where {
	struct {
		unsigned int inum;
	} ns;
};

typedef struct {
	struct net___where *net;
} possible_net_t___where;

struct net_device___where {
	char name[16];
	possible_net_t___where nd_net;
};

struct kernfs_node___where {
	__u64 id;
};

struct cgroup_subsys_state___where {
	struct cgroup___where *cgroup;
	struct cgroup_subsys_state___where *parent;
};

struct cgroup___where {
	struct cgroup_subsys_state___where self;
	struct kernfs_node___where *kn;
};

struct sock_cgroup_data___where {
	struct cgroup___where *cgroup;
};

struct inode___where {
	unsigned long i_ino;
};

struct file___where {
	struct inode___where *f_inode;
};

struct socket___where {
	struct file___where *file;
};

struct sock___before_5_15 {
	struct {
		__u64 val;
	} sk_cgrp_data;
};

struct sock___where {
	struct {
		unsigned char skc_state;
		possible_net_t___where skc_net;
		struct sock *skc_listener;
	} __sk_common;
	struct sock_cgroup_data___where sk_cgrp_data;
	struct socket___where *sk_socket;
};

struct sk_buff___where {
	struct net_device___where *dev;
	struct sock___where *sk;
};

#pragma clang attribute pop

/* Namespaces have numbers from here on: PROC_DYNAMIC_FIRST, and below it those of the first ones. */
#define FIRST_NAMESPACE 0xe0000000

/*
 * Whether the packet is in the namespace: that of its device, or else of its socket. In the receive queue
 * of a UDP socket, and in the queues of a TCP socket, skb->dev is something else (dev_scratch, rbnode). What
 * is read there then is hardly ever the number of a namespace.
 */
static __always_inline int is_in_namespace(struct sk_buff___where *skb)
{
	__u32 inum = READ(skb, dev, nd_net.net, ns.inum);

	if (inum < FIRST_NAMESPACE)
		inum = READ(skb, sk, __sk_common.skc_net.net, ns.inum);
	return inum == NUMBER(NETNS_PLACEHOLDER);
}

#define IS_NAMED(name, i)                                                                        \
	(((name)[i] & NUMBER(IFNAME_MASK##i##_PLACEHOLDER)) ==                                   \
	 NUMBER(IFNAME_WORD##i##_PLACEHOLDER))

static __always_inline int is_on_interface(struct sk_buff___where *skb)
{
	struct net_device___where *dev = READ(skb, dev);
	const __u32 *words = (void *)dev->name;
	__u32 name[4] = {};

	if (NUMBER(CAN_CAST_PLACEHOLDER))
		return IS_NAMED(words, 0) && IS_NAMED(words, 1) && IS_NAMED(words, 2) &&
		       IS_NAMED(words, 3);
	bpf_probe_read_kernel(name, sizeof(name), words);
	return IS_NAMED(name, 0) && IS_NAMED(name, 1) && IS_NAMED(name, 2) && IS_NAMED(name, 3);
}

static __always_inline struct cgroup___where *cgroup_of_socket(struct sock___where *sk)
{
	/* Before 5.15. The lowest bits say that the rest is no pointer: cgroups of version 1 are in use. */
	__u64 val;

	if (bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
		return READ(sk, sk_cgrp_data.cgroup);
	val = BPF_CORE_READ((struct sock___before_5_15 *)sk, sk_cgrp_data.val);
	return (void *)(val & 3 ? 0 : val);
}

#define TIME_WAIT 6 /* TCP_TIME_WAIT and TCP_NEW_SYN_RECV of the kernel */
#define NEW_SYN_RECV 12

/* The socket of the packet, or NULL. Two kinds are not sockets but their short forms. */
static __always_inline struct sock___where *socket_of(struct sk_buff___where *skb)
{
	struct sock___where *sk = READ(skb, sk);
	__u8 state = READ(sk, __sk_common.skc_state);

	if (state == TIME_WAIT)
		return NULL;
	if (state == NEW_SYN_RECV) /* a request for a connection: its listener has the rest */
		return AS(SOCK_ID_PLACEHOLDER, READ(sk, __sk_common.skc_listener));
	return sk;
}

/* How deep a cgroup may be below the wanted one. */
#define DEEPEST 64

/* Whether the socket of the packet is in the cgroup, or in one below it. */
static __always_inline int is_of_cgroup(struct sk_buff___where *skb)
{
	__u64 id = (__u64)NUMBER(CGROUP_HIGH_PLACEHOLDER) << 32 | NUMBER(CGROUP_LOW_PLACEHOLDER);
	struct sock___where *sk = socket_of(skb);
	struct cgroup_subsys_state___where *parent;
	struct cgroup___where *cgroup;
	int i;

	if (!sk)
		return 0;
	cgroup = cgroup_of_socket(sk);
	for (i = 0; i < DEEPEST; i++) {
		if (READ(cgroup, kn, id) == id)
			return 1;
		parent = READ(cgroup, self.parent);
		if (!parent)
			return 0;
		cgroup = READ(parent, cgroup);
	}
	return 0;
}

/*
 * Whether the socket of the packet is one of the process. A socket without a file, or whose file is closed,
 * is nobody's: its number is 0.
 */
static __always_inline int is_of_process(struct sk_buff___where *skb)
{
	struct sock___where *sk = socket_of(skb);
	__u64 inode;

	if (!sk)
		return 0;
	inode = READ(sk, sk_socket, file, f_inode, i_ino);
	return bpf_map_lookup_elem(&ipft_sockets, &inode) != NULL;
}

/* Whether the packet meets these conditions. Nothing is left of those that the trace does not have. */
static __always_inline int meets_conditions(void *packet)
{
	struct sk_buff___where *skb = AS(SK_BUFF_ID_PLACEHOLDER, packet);

	if (NUMBER(NETNS_PLACEHOLDER) && !is_in_namespace(skb))
		return 0;
	if (NUMBER(IFNAME_WORD0_PLACEHOLDER) && !is_on_interface(skb))
		return 0;
	if (NUMBER(OF_PROCESS_PLACEHOLDER) && !is_of_process(skb))
		return 0;
	return !NUMBER(CGROUP_LOW_PLACEHOLDER) || is_of_cgroup(skb);
}

#endif
