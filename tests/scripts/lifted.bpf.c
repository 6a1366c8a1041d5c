// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the manual's limitations forbade, all in one module: global variables, a map, string literals,
 * several functions and calls, externs of the kernel's configuration, a program and a license of its
 * own. Some of its names were the tracer's once.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct sk_buff___of_the_extension {
	__u32 mark;
} __attribute__((preserve_access_index));

struct info {
	__u64 events; /* how many before this one, in all */
	__u64 events_of_packet; /* how many up to this one, of the same skb */
	__u32 mark;
	__u32 initialized; /* 42 */
	__u32 kernel_version; /* as LINUX_VERSION_CODE */
	__u32 config_hz;
	char text[32];
};

extern unsigned int LINUX_KERNEL_VERSION __kconfig;
extern unsigned long CONFIG_HZ __kconfig;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u64);
} ring SEC(".maps");

volatile __u64 state;
volatile __u32 config = 42;
const volatile __u32 offset = 0;

static __attribute__((noinline)) __u64 count(__u64 key)
{
	__u64 one = 1, *value = bpf_map_lookup_elem(&ring, &key);

	if (value)
		return ++*value;
	bpf_map_update_elem(&ring, &key, &one, BPF_ANY);
	return one;
}

/* A global function with a pointer: the verifier would not take it as it is. */
__attribute__((noinline)) int describe(struct sk_buff___of_the_extension *skb, struct info *info)
{
	info->events_of_packet = count((__u64)skb);
	info->mark = BPF_CORE_READ(skb, mark);
	bpf_probe_read_kernel_str(info->text, sizeof(info->text), "a string literal");
	return info->mark;
}

int module(struct pt_regs *ctx, struct sk_buff___of_the_extension *skb, __u8 data[64])
{
	struct info *info = (void *)data;

	info->events = state++ + offset;
	info->initialized = config;
	info->kernel_version = LINUX_KERNEL_VERSION;
	info->config_hz = CONFIG_HZ;
	return describe(skb, info) == 0;
}

/* Not the tracer's: it stays unloaded, and could not be loaded either. */
SEC("socket") int of_the_extension(struct __sk_buff *skb)
{
	return *(int *)count(0);
}

char LICENSE[] SEC("license") = "GPL";
