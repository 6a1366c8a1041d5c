// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Records each call, of whatever packet: the floor for the cost of a hit. Nobody reads the ring, which has room
 * for the events of 20,000 pings. The CPUs share it, but a ping and its answer stay on one.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* As large as a record of ipft without sections: lib/bpf/event.h. */
struct record {
	__u64 context;
	__u64 timestamp;
	__u32 function;
	__u32 thread_and_cpu;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 << 20);
} ring SEC(".maps");

SEC("kprobe") int submit(void *ctx)
{
	void *record = bpf_ringbuf_reserve(&ring, sizeof(struct record), 0);

	(void)ctx;
	if (record)
		bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Also asks the kernel for all that a record says. */
SEC("kprobe") int fill(void *ctx)
{
	struct record *record = bpf_ringbuf_reserve(&ring, sizeof(struct record), 0);

	if (!record)
		return 0;
	record->context = (__u64)ctx;
	record->timestamp = bpf_ktime_get_ns();
	record->function = bpf_get_func_ip(ctx);
	record->thread_and_cpu = bpf_get_current_pid_tgid() << 8 | bpf_get_smp_processor_id();
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}

char submit_license[] SEC("license") = "Dual BSD/GPL";
