/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Notes the sockets that the wanted process opens, accepts or is sent: --pid, --comm. */
#ifndef IPFT_FOLLOW_SOCKETS_H
#define IPFT_FOLLOW_SOCKETS_H

#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "../number.h"
#include "../sockets.h"

/* Which process it is (follow_sockets.ts); 0 in place of the pid for any, and of the masks for any name. */
#define PROCESS_ID_PLACEHOLDER 0x1bf7b1d0
#define PID_NAMESPACE_PLACEHOLDER 0x1bf7b1d1 /* the one that the pid is a number of */
#define COMM_WORD0_PLACEHOLDER 0x1bf7c030 /* four bytes of the name each */
#define COMM_WORD1_PLACEHOLDER 0x1bf7c031
#define COMM_WORD2_PLACEHOLDER 0x1bf7c032
#define COMM_WORD3_PLACEHOLDER 0x1bf7c033
#define COMM_MASK0_PLACEHOLDER 0x1bf7c040 /* those of them that are compared */
#define COMM_MASK1_PLACEHOLDER 0x1bf7c041
#define COMM_MASK2_PLACEHOLDER 0x1bf7c042
#define COMM_MASK3_PLACEHOLDER 0x1bf7c043

/* The members of the kernel's structs that are read here. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pid_namespace___process {
	struct {
		unsigned int inum;
	} ns;
};

struct upid___process {
	int nr;
	struct pid_namespace___process *ns;
};

struct pid___process {
	unsigned int level;
	struct upid___process numbers[1]; /* level + 1 */
};

struct signal_struct___process {
	struct pid___process *pids[4]; /* by enum pid_type */
};

struct task_struct___process {
	struct task_struct___process *group_leader;
	struct signal_struct___process *signal;
	char comm[16];
};

struct inode___process {
	unsigned short i_mode;
	unsigned long i_ino;
};

struct file___process {
	struct inode___process *f_inode;
};

#pragma clang attribute pop

#define S_IFMT 0170000 /* the bits of i_mode for the kind of a file */
#define S_IFSOCK 0140000

#define TGID 1 /* PIDTYPE_TGID of the kernel */
#define DEEPEST_PID_NAMESPACE 32 /* MAX_PID_NS_LEVEL */

/* A process has a number in its own pid namespace and in each above it. ipft is in one of these. */
static __always_inline int has_wanted_id(struct task_struct___process *task)
{
	struct pid___process *pid = BPF_CORE_READ(task, signal, pids[TGID]);
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid___process *number = &pid->numbers[0];
	__u32 i;

	for (i = 0; i <= DEEPEST_PID_NAMESPACE && i <= level; i++, number++) {
		if (BPF_CORE_READ(number, ns, ns.inum) == NUMBER(PID_NAMESPACE_PLACEHOLDER))
			return BPF_CORE_READ(number, nr) == (int)NUMBER(PROCESS_ID_PLACEHOLDER);
	}
	return 0;
}

#define HAS_COMM_WORD(comm, i)                                                                   \
	(((comm)[i] & NUMBER(COMM_MASK##i##_PLACEHOLDER)) == NUMBER(COMM_WORD##i##_PLACEHOLDER))

static __always_inline int is_wanted_comm(const __u32 *comm)
{
	return HAS_COMM_WORD(comm, 0) && HAS_COMM_WORD(comm, 1) && HAS_COMM_WORD(comm, 2) &&
	       HAS_COMM_WORD(comm, 3);
}

/* Threads may have names of their own. The name of the process is that of its first one. */
static __always_inline int has_wanted_comm(struct task_struct___process *task)
{
	__u32 comm[4] = {};

	bpf_get_current_comm(comm, sizeof(comm));
	if (is_wanted_comm(comm))
		return 1;
	BPF_CORE_READ_INTO(&comm, task, group_leader, comm);
	return is_wanted_comm(comm);
}

/*
 * At fd_install(unsigned int, struct file *), which gives a file its descriptor, in the process that asks for
 * it. That is the moment from which on /proc/PID/fd shows it, so a socket is there or comes through here.
 * (accept(2) has made the file long before, and then waits for a connection.)
 */
SEC("kprobe") int ipft_follow_sockets(struct pt_regs *ctx)
{
	struct task_struct___process *task = (void *)bpf_get_current_task();
	struct file___process *file = (void *)PT_REGS_PARM2(ctx);
	struct inode___process *node = BPF_CORE_READ(file, f_inode);
	__u64 inode, nothing = 0;

	if ((BPF_CORE_READ(node, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	if (NUMBER(PROCESS_ID_PLACEHOLDER) && !has_wanted_id(task))
		return 0;
	if (!has_wanted_comm(task))
		return 0;
	inode = BPF_CORE_READ(node, i_ino);
	bpf_map_update_elem(&ipft_sockets, &inode, &nothing, BPF_ANY);
	return 0;
}

#endif
