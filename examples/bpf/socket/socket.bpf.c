/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which socket the packet comes from or goes to: its process, its user, and the inode that ss -e and
 * /proc/PID/fd show for it.
 *
 * Run:     sudo ipft -m 1234 -e examples/bpf/socket/socket.bpf.c
 * Packets: ping -c 1 -m 1234 127.0.0.1
 * Output:  Timestamp   CPU Packet Module  Function
 *          21435723994   0      1 vmlinux ip_output ( pid: 812 comm: ping uid: 0 inode: 15022 )
 *          With -o json, on each line: "pid":812,"comm":"ping","uid":0,"inode":15022
 *
 * The kernel does not record which process a socket belongs to. So a process counts as the owner once a
 * packet of the socket is seen while that process runs and has the socket open, which is mostly when it
 * sends. From then on, all packets of the socket show it. If several processes have the socket open, it
 * is the first one that was seen.
 *
 * uid     of the socket's creator, or as set by fchown(2); -1 if the packet has no socket
 * inode   0 if no process has the socket open: it is the kernel's, not accepted yet, or closed
 * pid     of the process (as getpid(2), in the initial namespace), not of the thread; 0 if not known:
 *         inode is 0, no packet has told the owner yet, or the socket is not among the first 256 files
 *         of the process
 * comm    the name of the process at that time; empty if not known
 *
 * The packet's socket is skb->sk. On the way out, it is the sender's until the packet leaves the device.
 * On the way in, it is the receiver's if IP looks it up early, and again while the packet waits to be
 * read. Forwarded packets have none, and neither has the SYN|ACK of a connection that is not established
 * yet.
 */
#include <ipft.h>

#include <linux/bpf.h>

/* The fields that are read. CO-RE finds them by name on the running kernel. */
struct inode {
	unsigned long i_ino;
} __attribute__((preserve_access_index));

struct file {
	struct inode *f_inode;
} __attribute__((preserve_access_index));

struct socket {
	struct file *file;
} __attribute__((preserve_access_index));

struct sock_common {
	unsigned char skc_state;
} __attribute__((preserve_access_index));

typedef struct {
	__u32 val;
} __attribute__((preserve_access_index)) kuid_t;

struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	kuid_t sk_uid;
} __attribute__((preserve_access_index));

struct sk_buff {
	struct sock *sk;
} __attribute__((preserve_access_index));

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
} __attribute__((preserve_access_index));

struct files_struct {
	struct fdtable *fdt;
} __attribute__((preserve_access_index));

struct task_struct {
	int tgid;
	char comm[16];
	struct task_struct *group_leader;
	struct files_struct *files;
} __attribute__((preserve_access_index));

struct owner {
	__u32 pid;
	char comm[16];
};

struct event {
	__u32 pid;
	char comm[16];
	__s64 uid;
	__u64 inode;
} __ipft_event_struct;

/* By the socket's inode, which is not reused as soon as the socket's address. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct owner);
} owners SEC(".maps");

/* States of include/net/tcp_states.h in which a socket is smaller than struct sock. */
#define TCP_TIME_WAIT 6
#define TCP_NEW_SYN_RECV 12

static __always_inline int is_full_socket(struct sock *sk)
{
	/* 0: not the address of a socket. Older kernels keep a fragment's offset in the same place. */
	unsigned char state = BPF_CORE_READ(sk, __sk_common.skc_state);

	return state && state != TCP_TIME_WAIT && state != TCP_NEW_SYN_RECV;
}

#define MAX_FILES 256

/* Tells whether a task has the file open. In an interrupt, the current task can be any. */
static __always_inline int has_open(struct task_struct *task, struct file *file)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file *open, **files = BPF_CORE_READ(table, fd);
	__u32 count = BPF_CORE_READ(table, max_fds);

	for (__u32 i = 0; i < MAX_FILES && i < count; i++) {
		bpf_probe_read_kernel(&open, sizeof(open), files + i);
		if (open == file)
			return 1;
	}
	return 0;
}

static __always_inline void read_owner(struct file *file, struct event *event)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct owner *known = bpf_map_lookup_elem(&owners, &event->inode), owner = {};

	if (!known && has_open(task, file)) {
		owner.pid = BPF_CORE_READ(task, tgid);
		BPF_CORE_READ_STR_INTO(&owner.comm, task, group_leader, comm);
		bpf_map_update_elem(&owners, &event->inode, &owner, BPF_ANY);
		known = &owner;
	}
	if (!known)
		return;
	event->pid = known->pid;
	__builtin_memcpy(event->comm, known->comm, sizeof(event->comm));
}

int module(void *ctx, struct sk_buff *skb, __u8 data[64])
{
	struct event *event = (void *)data;
	struct sock *sk = BPF_CORE_READ(skb, sk);
	struct file *file;

	event->uid = -1;
	/* The socket may have been freed together with the packet's data. */
	if (ipft_is_freed(ctx) || !is_full_socket(sk))
		return 0;
	event->uid = BPF_CORE_READ(sk, sk_uid.val);
	file = BPF_CORE_READ(sk, sk_socket, file);
	event->inode = BPF_CORE_READ(file, f_inode, i_ino);
	if (event->inode)
		read_owner(file, event);
	return 0;
}
