import type { MarkCondition } from "./mark.ts";

/** Decides in the kernel which packets are traced: those that meet every condition. */
export interface PacketFilter {
  readonly mark?: MarkCondition;
  /** The inode number of a network namespace that the packet must be in. */
  readonly netns?: number;
  /** The name of the device that it must be on: at most 15 bytes of UTF-8. */
  readonly ifname?: string;
  /** The id of a cgroup: the packet must belong to a socket of it, or of one below it. */
  readonly cgroup?: bigint;
  /**
   * Any number of eBPF instructions (`struct bpf_insn`), without relocations. They get the address of the
   * `struct sk_buff` in r1, and exit with a value other than 0 in r0 to let the packet pass. The verifier
   * takes the address for a number or a pointer, depending on the backend, so read through
   * bpf_probe_read_kernel. They may use 256 bytes of the stack.
   */
  readonly program?: Uint8Array<ArrayBuffer>;
}
