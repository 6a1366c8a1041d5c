// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Marks every IP socket that is made in a cgroup, as SO_MARK would: --mark-command. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 ipft_socket_mark;

SEC("cgroup/sock_create") int ipft_mark_sockets(struct bpf_sock *sk)
{
	sk->mark = ipft_socket_mark;
	return 1; /* the socket may be made */
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
