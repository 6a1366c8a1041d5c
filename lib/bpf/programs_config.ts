import type { Section } from "../event/section.ts";
import type { BtfIds } from "../kernel/btf_ids.ts";
import type { Capabilities } from "../kernel/capabilities.ts";
import type { SkbFunction } from "../kernel/skb_function.ts";
import type { Backend, Method } from "./attach/backend.ts";
import type { LinkExtension } from "./extension_object.ts";
import type { FilterCode } from "./filter_code.ts";
import type { Probe } from "./probes/probe.ts";
import type { Rings } from "./rings.ts";

/** What the programs are loaded with. */
export interface ProgramsConfig {
  readonly backend: Backend;
  readonly method: Method;
  readonly btfIds: BtfIds;
  readonly capabilities: Capabilities;
  /** The traced functions. Events refer to them by index. */
  readonly functions: readonly SkbFunction[];
  /** Those and others of this kernel: functions for any position of the skb. */
  readonly lenders: readonly SkbFunction[];
  /** What chooses packets, for the kernel of these BTF ids. */
  readonly filter: FilterCode;
  readonly rings: Rings;
  /** The sections of a record, in their order. With an extension, `DATA` is one of them. */
  readonly sections?: readonly Section[];
  readonly probes?: readonly Probe[];
  /** The most packets that are followed at once; undefined if none is. */
  readonly followed?: number;
  /** Links the programs with the user's extension; undefined without one. */
  readonly extension?: LinkExtension;
  /** Called with each line that libbpf or the verifier logs. */
  readonly onLog?: (line: string) => void;
}
