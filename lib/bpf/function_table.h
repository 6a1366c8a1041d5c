/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Finds the index of a function by its address, in a sparse hash table with open addressing that user space
 * sizes and fills (lib/bpf/function_table.ts). (The attach cookie of a kprobe-multi link would say the same,
 * but the kernel searches for it among all addresses of the link, with a call for each comparison.)
 */
#ifndef IPFT_FUNCTION_TABLE_H
#define IPFT_FUNCTION_TABLE_H

#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "number.h"

/* From enum bpf_func_id, under a name of its own because some headers have it and some do not. */
enum bpf_func_id___func_ip {
	BPF_FUNC_get_func_ip___func_ip = 173,
};

struct function_slot {
	__u32 address; /* the lower half */
	__u32 function;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct function_slot);
} ipft_functions SEC(".maps");

#define FUNCTION_HASH 0x9e3779b1
#define FUNCTION_PROBES 4
#define HASH_SHIFT_PLACEHOLDER 0x1bf75417

/*
 * For an address that is not in the table. That should never happen; if it does, the hit counts as lost.
 */
#define UNKNOWN_FUNCTION (~0u)

static __always_inline __u32 attached_function(struct pt_regs *ctx)
{
	__u32 address, slot;

	if (bpf_core_enum_value_exists(enum bpf_func_id___func_ip, BPF_FUNC_get_func_ip___func_ip))
		address = bpf_get_func_ip(ctx);
	else
		/* Before 5.15. x86 hands a kprobe handler the address behind its int3
		 * (kprobe_ftrace_handler and kprobe_int3_handler in arch/x86/kernel/kprobes). */
		address = PT_REGS_IP(ctx) - 1;
	slot = address * FUNCTION_HASH >> NUMBER(HASH_SHIFT_PLACEHOLDER);
#pragma unroll
	for (int i = 0; i < FUNCTION_PROBES; i++, slot++) {
		struct function_slot *found = bpf_map_lookup_elem(&ipft_functions, &slot);

		if (found && found->address == address)
			return found->function;
	}
	return UNKNOWN_FUNCTION;
}

#endif
