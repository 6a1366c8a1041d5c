import type { MarkCondition } from "./mark.ts";

/** Decides in the kernel which packets are traced: those for which all conditions hold. */
export interface PacketFilter {
  readonly mark?: MarkCondition;
  /**
   * eBPF instructions (`struct bpf_insn`), as many as the kernel takes. They find the address of the
   * `struct sk_buff` in r1, and exit with anything but 0 in r0 to let the packet pass. The skb may be of
   * any type to the verifier: read it with bpf_probe_read_kernel. Programs that a trace calls have up to 64
   * bytes on the stack.
   */
  readonly program?: Uint8Array<ArrayBuffer>;
}
