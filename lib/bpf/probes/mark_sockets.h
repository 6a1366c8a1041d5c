/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Marks every IP socket that is made in a cgroup, as SO_MARK would: --mark-command. */
#ifndef IPFT_MARK_SOCKETS_H
#define IPFT_MARK_SOCKETS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "../number.h"

#define SOCKET_MARK_PLACEHOLDER 0x1bf750c7

SEC("cgroup/sock_create") int ipft_mark_sockets(struct bpf_sock *sk)
{
	sk->mark = NUMBER(SOCKET_MARK_PLACEHOLDER);
	return 1; /* the socket may be made */
}

#endif
