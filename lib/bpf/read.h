/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading the kernel's structs, without helper calls where the kernel allows it. */
#ifndef IPFT_READ_H
#define IPFT_READ_H

#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "mark.h"
#include "number.h"

#define CAN_CAST_PLACEHOLDER 0x1bf7ca5e /* 1 where the kernel has bpf_rdonly_cast */
#define SOCK_ID_PLACEHOLDER 0x1bf7050c /* of struct sock, in the kernel's BTF */

/*
 * Makes a pointer one to the kernel's type with this id, for READ: where there is bpf_rdonly_cast, which then
 * also makes pointers of what is read through it typed, and else not at all.
 */
#define AS(type_id, pointer)                                                                     \
	({                                                                                       \
		__u64 typed = (__u64)(pointer);                                                  \
                                                                                                 \
		if (NUMBER(CAN_CAST_PLACEHOLDER))                                                \
			asm volatile("r1 = %0; r2 = %1; r0 = %2; %0 = r0"                        \
				     : "+r"(typed)                                               \
				     : "i"(type_id), "i"(CAST_PLACEHOLDER)                       \
				     : "r0", "r1", "r2", "r3", "r4", "r5", "memory");            \
		(void *)typed;                                                                   \
	})

/*
 * READ(skb, dev, nd_net.net, ns.inum) is skb->dev->nd_net.net->ns.inum, and 0 where there is no memory.
 * The pointer is a result of AS, or was read from one.
 */
#define READ(pointer, ...)                                                                       \
	({                                                                                       \
		typeof(___arrow((pointer), __VA_ARGS__)) value;                                  \
                                                                                                 \
		if (NUMBER(CAN_CAST_PLACEHOLDER))                                                \
			value = ___arrow((pointer), __VA_ARGS__);                                \
		else                                                                             \
			value = BPF_CORE_READ((pointer), __VA_ARGS__);                           \
		value;                                                                           \
	})

#endif
