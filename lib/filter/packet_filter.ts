import type { ClassicProgram } from "./classic.ts";
import type { WantedProcess } from "../kernel/process_sockets.ts";
import type { MarkCondition } from "./mark.ts";

/** Decides in the kernel which packets are traced: those that meet every condition. */
export interface PacketFilter {
  readonly mark?: MarkCondition;
  /** What libpcap has made of an expression, for Ethernet frames. */
  readonly expression?: ClassicProgram;
  /** The same of one that the frame in a tunnel must match as well. A packet without one does not pass. */
  readonly inner?: ClassicProgram;
  /** The inode number of a network namespace that the packet must be in. */
  readonly netns?: number;
  /** The name of the device that it must be on: at most 15 bytes of UTF-8. */
  readonly ifname?: string;
  /** The id of a cgroup: the packet must belong to a socket of it, or of one below it. */
  readonly cgroup?: bigint;
  /** The packet must belong to a socket of this process, as far as `followSockets` knows. */
  readonly process?: WantedProcess;
}
