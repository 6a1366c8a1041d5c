import type { WantedProcess } from "../kernel/process_sockets.ts";
import type { MarkCondition } from "./mark.ts";

/** Which packets to trace, as the user says it: those that meet every condition, and all without any. */
export interface FilterRequest {
  readonly mark?: MarkCondition;
  /** A pcap expression, the language of tcpdump (pcap-filter(7)). */
  readonly expression?: string;
  /** The same, about the headers within a tunnel. */
  readonly inner?: string;
  /** A network namespace: what `NetworkNamespace` takes. */
  readonly netns?: string;
  /** A device, also with the namespace that it is in: `eth0` or `eth0@blue`. */
  readonly ifname?: string;
  /** A cgroup: what `findCgroup` takes. */
  readonly cgroup?: string;
  /** A process that has opened or accepted the packet's socket. */
  readonly process?: WantedProcess;
}
