/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sockets of the process whose packets are traced: --pid, --comm. */
#ifndef IPFT_SOCKETS_H
#define IPFT_SOCKETS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/*
 * By the inode numbers of their files. User space makes room if there is a process to follow, and puts in
 * those that it has at first; probes/follow_sockets.h adds the later ones. Sockets that are closed stay until
 * there is no room: no packet belongs to them any more, and the kernel gives their numbers again only when it
 * has used up all 32 bits.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u64); /* means nothing */
} ipft_sockets SEC(".maps");

#endif
