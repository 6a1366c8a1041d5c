/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The example of the scripting manual: the packet's mark at the end of every line. mark.lua says how to
 * build and run it. Unlike the manual's, it begins with three lines that today's headers need.
 */
#include <linux/types.h>
typedef __u32 uint32_t;
typedef __u8 uint8_t;

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct sk_buff {
  uint32_t mark;
};

struct example_info {
  uint32_t mark;
};

/* Function name must be "module" */
int module(void *ctx, struct sk_buff *skb, uint8_t data[64])
{
  struct example_info *info = (struct example_info *)data;

  info->mark = BPF_CORE_READ(skb, mark);

  return 0;
}
