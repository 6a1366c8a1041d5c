/* The C program of the scripting manual, version 1, with the types that today's headers need. */
#include <linux/types.h>
typedef __u32 uint32_t;
typedef __u8 uint8_t;

/*
 * Install libbpf to use these headers
 */
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/*
 * You can use libbpf-style C programming, but currently, there are some
 * limitations.
 *
 * 1. You cannot use global entities like global varialbles or maps.
 * 2. You cannot define multiple functions. Only single function named
 *    "module" is allowed.
 * 3. You cannot use function calls.
 */

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
