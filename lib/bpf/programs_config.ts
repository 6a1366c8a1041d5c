import type { Section } from "../event/section.ts";
import type { PacketFilter } from "../filter/packet_filter.ts";
import type { BtfIds } from "../kernel/btf_ids.ts";
import type { SkbFunction } from "../kernel/skb_function.ts";
import type { Backend, Method } from "./attach/backend.ts";
import type { LinkExtension } from "./extension_object.ts";
import type { Probe } from "./probes/probe.ts";
import type { Rings } from "./rings.ts";

/** What the programs are loaded with. */
export interface ProgramsConfig {
  readonly backend: Backend;
  readonly method: Method;
  readonly btfIds: BtfIds;
  /** The traced functions; their index is their number in events. */
  readonly functions: readonly SkbFunction[];
  readonly filter: PacketFilter;
  readonly rings: Rings;
  /** What records have besides an event, in their order; with an extension `DATA` is among them. */
  readonly sections?: readonly Section[];
  readonly probes?: readonly Probe[];
  /** Undefined without an extension. */
  readonly extension?: LinkExtension;
  /** Called with each line that libbpf or the verifier logs: `-v`. */
  readonly onLog?: (line: string) => void;
}
