import type { MarkCondition } from "./mark.ts";

/** Decides in the kernel which packets are traced: those that meet every condition. */
export interface PacketFilter {
  readonly mark?: MarkCondition;
  /**
   * Any number of eBPF instructions (`struct bpf_insn`), without relocations. They get the address of the
   * `struct sk_buff` in r1, and exit with a value other than 0 in r0 to let the packet pass. The verifier
   * takes the address for a number or a pointer, depending on the backend, so read through
   * bpf_probe_read_kernel. They may use 256 bytes of the stack.
   */
  readonly program?: Uint8Array<ArrayBuffer>;
}
