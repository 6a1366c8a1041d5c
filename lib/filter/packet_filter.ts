import type { ClassicProgram } from "./classic.ts";
import type { MarkCondition } from "./mark.ts";

/** Decides in the kernel which packets are traced: those that meet every condition. */
export interface PacketFilter {
  readonly mark?: MarkCondition;
  /** What libpcap has made of an expression, for Ethernet frames. */
  readonly expression?: ClassicProgram;
}
